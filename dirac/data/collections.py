"""The data sets by name, and where the download stage left the one of this project."""

import json
from pathlib import Path

from dirac.data import musdb, slakh, songs
from dirac.data.errors import DataError
from dirac.data.tracks import Track

COMPRESSED = ("musdb18", "musdb18_preview")  # .stem.mp4, which ffmpeg reads
READERS = {
    **dict.fromkeys(("synthetic", "slakh2100", "babyslakh"), slakh.find_tracks),
    **dict.fromkeys((*COMPRESSED, "musdb18hq"), musdb.find_tracks),
    "folder": songs.find_tracks,
}

# Stands in the download stage's folder instead of audio when the user has the data set elsewhere.
POINTER = "root.json"


def find_tracks(name: str, root: Path) -> list[Track]:
    """The tracks of a data set that lies in `root`, or in the folder to which `root` points.

    Raises DataError: unknown name, no such folder, no tracks in it, or a track that is not as it
    must be.
    """
    if name not in READERS:
        raise DataError(f"no data set is called {name!r}; there are {', '.join(READERS)}")
    return READERS[name](resolve_root(root))


def point_at(folder: Path, name: str, root: Path) -> None:
    """Make `folder` a data set that lies in `root`, which is used where it is and never changed.

    Raises DataError as `find_tracks` if there is no such data set in `root`.
    """
    find_tracks(name, root)
    folder.mkdir(parents=True, exist_ok=True)
    pointer = {"name": name, "root": str(root.resolve())}
    (folder / POINTER).write_text(json.dumps(pointer, indent=2) + "\n", encoding="utf-8")


def resolve_root(root: Path) -> Path:
    """The folder that holds the audio: `root`, or where its pointer leads."""
    pointer = root / POINTER
    if not pointer.is_file():
        return root
    target = Path(json.loads(pointer.read_text(encoding="utf-8"))["root"])
    if not target.is_dir():
        raise DataError(f"{target} is gone, to which {pointer} points: correct data.root")
    return target

"""The data sets by name, and where the download stage left the one of this project."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dirac.data import musdb, slakh, songs
from dirac.data.errors import DataError
from dirac.data.tracks import Track


class Layout(NamedTuple):
    """find_places: of a folder -> of each track what read_track takes, its path first."""

    find_places: Callable[[Path], Sequence[tuple[Any, ...]]]
    read_track: Callable[..., Track]


COMPRESSED = ("musdb18", "musdb18_preview")  # .stem.mp4, which ffmpeg reads
SLAKH = Layout(slakh.find_places, slakh.read_track)
MUSDB = Layout(musdb.find_places, musdb.read_track)
LAYOUTS = {
    **dict.fromkeys(("synthetic", "slakh2100", "babyslakh"), SLAKH),
    **dict.fromkeys((*COMPRESSED, "musdb18hq"), MUSDB),
    "folder": Layout(songs.find_places, songs.read_track),
}

# Stands in the download stage's folder instead of audio when the user has the data set elsewhere.
POINTER = "root.json"


def find_tracks(name: str, root: Path) -> list[Track]:
    """The tracks of a data set that lies in `root`, or in the folder to which `root` points.

    Raises DataError: unknown name, no such folder, no tracks in it, or a track that is not as it
    must be.
    """
    layout = layout_of(name)
    return [layout.read_track(*place) for place in layout.find_places(resolve_root(root))]


def layout_of(name: str) -> Layout:
    """Raises DataError, with the names there are, for another."""
    if name not in LAYOUTS:
        raise DataError(f"no data set is called {name!r}; there are {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def recognise(root: Path) -> str:
    """The name of the data set in a folder, by its layout; data sets of one layout share one.

    Raises DataError if it is none.
    """
    if (pointed := _read_pointer(root)) is not None:
        return pointed["name"]
    if not root.is_dir():
        raise DataError(f"{root} is not a folder")
    for base in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        if slakh.holds_tracks(base):
            return "babyslakh" if slakh.has_no_splits(base) else "slakh2100"
        if any(base.glob("t*/*.stem.mp4")):
            return "musdb18"
        if any(base.glob("t*/*/mixture.wav")):
            return "musdb18hq"
    if songs.find_songs(root):
        return "folder"
    raise DataError(f"{root} holds no data set that is known: {', '.join(LAYOUTS)}")


def point_at(folder: Path, name: str, root: Path) -> None:
    """Make `folder` a data set that lies in `root`, which is used where it is and never changed.

    Raises DataError as `find_tracks` if there is no such data set in `root`.
    """
    find_tracks(name, root)
    folder.mkdir(parents=True, exist_ok=True)
    pointer = {"name": name, "root": str(root.resolve())}
    (folder / POINTER).write_text(json.dumps(pointer, indent=2) + "\n", encoding="utf-8")


def resolve_root(root: Path) -> Path:
    """The folder that holds the audio: `root`, or where its pointer leads.

    Raises DataError if that is gone, or if a file of that name is no pointer.
    """
    if (pointed := _read_pointer(root)) is None:
        return root
    target = Path(pointed["root"])
    if not target.is_dir():
        raise DataError(f"{target} is gone, to which {root / POINTER} points: correct data.root")
    return target


def _read_pointer(root: Path) -> dict[str, str] | None:
    pointer = root / POINTER
    if not pointer.is_file():
        return None
    try:
        pointed = json.loads(pointer.read_text(encoding="utf-8"))
    except ValueError:
        pointed = None
    values = pointed if isinstance(pointed, dict) else {}
    if not all(isinstance(values.get(key), str) for key in ("name", "root")):
        raise DataError(
            f"{pointer} does not say name and root of a data set, as the stage download writes "
            "them there: remove or rename it, or run that stage again"
        )
    return values

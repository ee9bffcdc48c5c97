"""MUSDB18 (compressed, .stem.mp4) and MUSDB18-HQ (wav): folders train and test of 100 and 50 songs.

train|test / Song.stem.mp4                            streams as in STREAMS; needs ffmpeg
train|test / Song / {mixture,drums,bass,other,vocals}.wav
"""

import importlib.util
from pathlib import Path

from ruamel.yaml import YAML

from dirac.audio.files import audio_info
from dirac.data import ffmpeg
from dirac.data.errors import DataError
from dirac.data.folders import locate
from dirac.data.splits import SPLITS
from dirac.data.tracks import Stem, Track, track_info

SOURCES = ("drums", "bass", "other", "vocals")
STREAMS = ("mixture", *SOURCES)


def find_places(root: Path) -> list[tuple[Path, str]]:
    """The folder or .stem.mp4 and split of each song, by split and name.

    `root` holds the folders train and test, or one folder that does. 14 songs of train are the
    validation split, the same as in the package musdb. Raises DataError if there are none.
    """
    expected = "train/Song.stem.mp4 or train/Song/drums.wav"
    base = locate(root, holds_songs, expected)
    validation = validation_names()
    places = []
    for path in [*_songs(base / "train"), *_songs(base / "test")]:
        held_out = path.parent.name == "train" and _song(path) in validation
        places.append((path, "validation" if held_out else path.parent.name))
    return sorted(places, key=lambda place: (SPLITS.index(place[1]), _song(place[0])))


def read_track(path: Path, split: str) -> Track:
    """Raises DataError or AudioError: a file is missing or broken, ffmpeg is wanted and absent."""
    return _read_folder(path, split) if path.is_dir() else _read_mp4(path, split)


def validation_names() -> frozenset[str]:
    """The songs of the validation split, from the package musdb's own list.

    musdb is not imported, for it fails at import where there is no ffmpeg.
    """
    package = importlib.util.find_spec("musdb")
    if package is None or package.origin is None:
        raise DataError("the package musdb, which lists MUSDB's validation tracks, is missing")
    config = YAML(typ="safe").load(Path(package.origin).parent / "configs" / "mus.yaml")
    return frozenset(config["validation_tracks"])


def holds_songs(folder: Path) -> bool:
    return bool(_songs(folder / "train") or _songs(folder / "test"))


def _song(path: Path) -> str:
    return path.name.removesuffix(".stem.mp4")


def _songs(folder: Path) -> list[Path]:
    """Song folders and .stem.mp4 files; what begins with a dot is rubbish of macOS."""
    if not folder.is_dir():
        return []
    paths = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in paths if path.is_dir() or path.name.endswith(".stem.mp4"))


def _read_folder(folder: Path, split: str) -> Track:
    paths = {name: folder / f"{name}.wav" for name in STREAMS}
    info = track_info(folder.name, {path: audio_info(path) for path in paths.values()})
    stems = {source: (Stem(paths[source]),) for source in SOURCES}
    return Track(f"{split}-{folder.name}", split, info.sample_rate, info.n_samples, stems)


def _read_mp4(path: Path, split: str) -> Track:
    infos = ffmpeg.probe(path)
    if len(infos) != len(STREAMS):
        raise DataError(
            f"{path} has {len(infos)} audio streams, not {len(STREAMS)} "
            f"({', '.join(STREAMS)}): fetch this file again"
        )
    rate, n_samples, _ = infos[0]
    stems = {source: (Stem(path, STREAMS.index(source)),) for source in SOURCES}
    return Track(f"{split}-{_song(path)}", split, rate, n_samples, stems)

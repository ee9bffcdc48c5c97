"""A folder of songs: any audio files that soundfile reads, in folders or not, without stems.

The one source of a song is `mixture`, the file itself. Files and folders whose names begin with a
dot are left out, and so is what is no audio by its suffix.
"""

import os
from pathlib import Path

from dirac.audio.files import audio_info
from dirac.audio.suffixes import SUFFIXES
from dirac.audio.walk import visible_files
from dirac.data.errors import DataError
from dirac.data.splits import SPLITS, split_names
from dirac.data.tracks import Stem, Track, track_info
from dirac.data_section import MIXTURE

LONGEST_NAME = 60  # characters of a song's own in the name of its track: file systems have limits


def find_places(root: Path) -> list[tuple[Path, str, int]]:
    """Path, split and number of each song, split by paths as `splits.split_names` does.

    Raises DataError if there are fewer than three.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder: correct data.root")
    names = [path.relative_to(root).as_posix() for path in find_songs(root)]
    if len(names) < len(SPLITS):
        raise DataError(
            f"{root} holds fewer than three songs: {len(names)} ({', '.join(sorted(SUFFIXES))}). "
            f"Each of {', '.join(SPLITS)} needs one: add songs, or cut one into several files"
        )
    numbers = {name: number for number, name in enumerate(names)}
    by_split = split_names(names)
    return [(root / name, split, numbers[name]) for split in SPLITS for name in by_split[split]]


def find_songs(root: Path) -> list[Path]:
    """The audio files under `root`, by their suffix, sorted by path."""
    return [path for path in find_files(root) if path.suffix.lower() in SUFFIXES]


def find_files(root: Path) -> list[Path]:
    """All files under `root` that are not hidden, sorted by path; links to folders are followed.

    Raises OSError for a folder that may not be read.
    """
    return sorted(path for path in visible_files(root) if path.is_file())


def read_track(path: Path, split: str, number: int) -> Track:
    """One song; its number tells apart songs whose names differ in what excerpts' names lack.

    Raises AudioError or DataError, naming the file, if it cannot be read or is empty.
    """
    info = track_info(path.name, {path: audio_info(path)})
    text = os.fsencode(path.stem).decode("utf-8", "replace")  # a file's name need not be text
    name = f"{split}-{number:04d}-{text[:LONGEST_NAME]}"
    return Track(name, split, info.sample_rate, info.n_samples, {MIXTURE: (Stem(path),)})

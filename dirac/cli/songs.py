"""Which songs a command is given, in files and folders, and what their results are called."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, count
from pathlib import Path

from dirac.audio.suffixes import SUFFIXES
from dirac.audio.walk import visible_files


def find_songs(given: Sequence[Path], output: Path) -> dict[Path, Path]:
    """Files as given, and the audio files in folders, at any depth -> the name of each result.

    Results lie as the songs lie in their folder, called like them without the suffix. Where that
    would give two songs one name they keep the suffix, and then get a number. A song that is given
    twice, as by itself and in its folder, is one. Hidden files are left out, and those in `output`,
    which are results. Raises ValueError for a folder without any, and for one that is `output`, in
    which results and songs are not told apart; OSError for one that may not be read.
    """
    names: dict[Path, Path] = {}
    known: set[str] = set()
    for path in given:
        if path.is_dir() and os.path.realpath(path) == os.path.realpath(output):
            raise ValueError(
                f"{path} is the folder of the songs and of the results, which would be songs the "
                "next time: name another by -o"
            )
        found = [path]
        if path.is_dir():
            files = visible_files(path, [output])
            found = [file for file in files if file.suffix.lower() in SUFFIXES]
        if not found:
            raise ValueError(f"{path} holds no audio file ({', '.join(sorted(SUFFIXES))})")
        here = path if path.is_dir() else path.parent
        for song in found:
            place = os.path.normpath(song.absolute())
            if place not in known:
                known.add(place)
                names[song] = song.relative_to(here)
    plain = Counter(_key(_without_suffix(name)) for name in names.values())
    taken: set[str] = set()
    for song, whole in names.items():
        short = _without_suffix(whole)
        name = short if plain[_key(short)] == 1 else whole
        numbered = (name.with_name(f"{name.name}-{number}") for number in count(2))
        names[song] = next(free for free in chain([name], numbered) if _key(free) not in taken)
        taken.add(_key(names[song]))
    return names


def check_kept(songs: Iterable[Path], written: Iterable[Path]) -> None:
    """Raises ValueError where a song that is given would be replaced by a result."""
    given = {os.path.realpath(song) for song in songs}
    for path in written:
        if os.path.realpath(path) in given:
            raise ValueError(f"{path} is one of the songs, to be replaced: choose another -o")


def _without_suffix(name: Path) -> Path:
    return name if name.stem.strip(".") == "" else name.with_suffix("")  # "...wav" is no folder


def _key(name: Path) -> str:
    """Some file systems do not tell upper case from lower."""
    return str(name).casefold()

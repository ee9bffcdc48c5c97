"""Which songs a command is given, in files and folders, and what their results are called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path

from dirac.audio.suffixes import SUFFIXES


def find_songs(given: Sequence[Path], output: Path) -> dict[Path, Path]:
    """Files as given, and the audio files in folders, at any depth -> the name of each result.

    Results lie as the songs lie in their folder, called like them without the suffix. Where that
    would give two songs one name they keep the suffix, and then get a number. A song that is given
    twice, as by itself and in its folder, is one. Hidden files are left out, and those in `output`,
    which are results. Raises ValueError for a folder without any, and for one that is `output`, in
    which results and songs are not told apart; OSError for one that may not be read.
    """
    names: dict[Path, Path] = {}
    known: set[Path] = set()
    for path in given:
        if path.is_dir() and os.path.realpath(path) == os.path.realpath(output):
            raise ValueError(
                f"{path} is the folder of the songs and of the results, which would be songs the "
                "next time: name another by -o"
            )
        found = list(_inside(path, output)) if path.is_dir() else [path]
        if not found:
            raise ValueError(f"{path} holds no audio file ({', '.join(sorted(SUFFIXES))})")
        here = path if path.is_dir() else path.parent
        for song in found:
            if song.absolute() not in known:
                known.add(song.absolute())
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


def _without_suffix(name: Path) -> Path:
    return name if name.stem.strip(".") == "" else name.with_suffix("")  # "...wav" is no folder


def _inside(folder: Path, output: Path) -> Iterator[Path]:
    entered = {os.path.realpath(folder), os.path.realpath(output)}  # links may lead in circles

    def is_new(path: Path) -> bool:
        place = os.path.realpath(path)
        if place in entered:
            return False
        entered.add(place)
        return True

    for root, folders, files in os.walk(folder, onerror=_fail, followlinks=True):
        here = Path(root)
        folders[:] = [name for name in sorted(folders) if name[0] != "." and is_new(here / name)]
        yield from (
            here / name
            for name in sorted(files)
            if name[0] != "." and Path(name).suffix.lower() in SUFFIXES
        )


def _fail(error: OSError) -> None:
    raise error


def _key(name: Path) -> str:
    """Some file systems do not tell upper case from lower."""
    return str(name).casefold()

"""Which songs a command is given, in files and folders, and what their results are called."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dirac.audio.suffixes import SUFFIXES


def find_songs(given: Sequence[Path], output: Path) -> dict[Path, Path]:
    """Files as given, and the audio files in folders, at any depth -> the name of each result.

    Results lie as the songs lie in their folder, called like them without the suffix. Where that
    would give two songs one name they keep the suffix, and then get a number. Hidden files are
    left out, and those in `output`, which are results. Raises ValueError for a folder without any,
    and for one that is `output`, in which results and songs are not told apart.
    """
    names: dict[Path, Path] = {}
    for path in given:
        if path.is_dir() and path.resolve() == output.resolve():
            raise ValueError(
                f"{path} is the folder of the songs and of the results, which would be songs the "
                "next time: name another by -o"
            )
        found = list(_inside(path, output)) if path.is_dir() else [path]
        if not found:
            raise ValueError(f"{path} holds no audio file ({', '.join(sorted(SUFFIXES))})")
        names |= {song: song.relative_to(path if path.is_dir() else path.parent) for song in found}
    plain = Counter(_key(name.with_suffix("")) for name in names.values())
    taken: Counter[str] = Counter()
    for song, name in names.items():
        name = name.with_suffix("") if plain[_key(name.with_suffix(""))] == 1 else name
        taken[_key(name)] += 1
        if (number := taken[_key(name)]) > 1:
            name = name.with_name(f"{name.name}-{number}")
        names[song] = name
    return names


def _inside(folder: Path, output: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if name[0] != "." and (here / name).resolve() != output.resolve()
        )
        yield from (
            here / name
            for name in sorted(files)
            if name[0] != "." and Path(name).suffix.lower() in SUFFIXES
        )


def _key(name: Path) -> str:
    """Some file systems do not tell upper case from lower."""
    return str(name).casefold()

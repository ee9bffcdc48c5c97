"""Files that take their places together, when all are complete.

Until then nothing of them is seen: also the folder that they go into is made at the end, so that
none stays where the process is killed.
"""

import errno
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import soundfile

from dirac.audio.files import AudioError
from dirac.remedies import remedy


@contextmanager
def in_place(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Files beside their places, where they are put together when the block has written them all;

    or, while their folder is not there, beside that. What killed processes left there of files of
    these names goes. Raises AudioError, naming the files, where they cannot be written.
    """
    check_free(paths)
    beside = []
    try:
        for path in paths:
            there = standing(path.parent)
            _clear(there, path.name)
            beside.append(there / f".{path.name}.{os.getpid()}.part")
        yield beside
        for written, path in zip(beside, paths, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            written.replace(path)
    except (soundfile.SoundFileError, OSError) as error:
        names = " and ".join(str(path) for path in paths)
        reason = getattr(error, "strerror", None) or error
        raise AudioError(
            f"{names} cannot be written ({reason}): {remedy(error)}, or choose another -o"
        ) from error
    finally:
        for written in beside:
            written.unlink(missing_ok=True)


def check_free(paths: Iterable[Path]) -> None:
    """Raises AudioError for a folder, which no file can replace."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            raise AudioError(
                f"{path} cannot be written: a folder of this name is in the way; rename or remove "
                "it, or choose another -o"
            )


def standing(folder: Path) -> Path:
    """The folder, or the nearest of those above that is there. Raises OSError for what is none."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return standing(folder.parent)
    if not folder.is_dir():  # a file, or a link to nothing
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return folder


def _clear(folder: Path, name: str) -> None:
    for left in folder.glob(f".{glob.escape(name)}.*.part"):
        process = left.suffixes[-2][1:]
        if process.isdecimal() and not _lives(int(process)):
            left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # another person's
    return True

"""Files that take their places together, when all are complete."""

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import soundfile

from dirac.audio.files import AudioError


@contextmanager
def in_place(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Files beside their places, where they are put together when the block has written them all.

    What killed processes left there of files of these names goes. Raises AudioError, naming the
    files, where they cannot be written.
    """
    for path in paths:
        _clear(path)
    beside = [path.with_name(f".{path.name}.{os.getpid()}.part") for path in paths]
    try:
        yield beside
        for written, path in zip(beside, paths, strict=True):
            written.replace(path)
    except (soundfile.SoundFileError, OSError) as error:
        names = " and ".join(str(path) for path in paths)
        reason = getattr(error, "strerror", None) or error
        raise AudioError(
            f"{names} cannot be written ({reason}): make room there, or choose another -o"
        ) from error
    finally:
        for written in beside:
            written.unlink(missing_ok=True)


def _clear(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
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

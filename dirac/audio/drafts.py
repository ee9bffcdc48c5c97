"""Audio that is written stretch by stretch, before it is known how loud it becomes.

Samples gather as floats in a file without a name, which is gone when the process is, however that
ends; those of a long song in a folder where they stay, to go on from. Then they are encoded beside
the place of the finished file, and renamed. The same samples give the same bytes.
"""

import os
import shutil
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from torch import Tensor

from dirac.audio.files import FORMS, AudioError, Waveform, check_suffix, encode
from dirac.audio.places import in_place, standing
from dirac.remedies import remedy

BLOCK = 1 << 16  # samples that are encoded at once
MAX_RIFF = (1 << 32) - 1  # bytes that a wav file can count; a longer one is RF64


class Draft:
    """One waveform on its way into a file. n_samples: what there is of it so far."""

    def __init__(self, folder: Path, file: IO[bytes], n_channels: int) -> None:
        """file: of the samples until they are encoded; folder: where they go, to tell of errors."""
        self._folder, self._file, self.n_channels = folder, file, n_channels
        self.n_samples = file.seek(0, os.SEEK_END) // (4 * n_channels)

    def cut(self, n_samples: int) -> None:
        """Forgets all but the first."""
        self.n_samples = n_samples
        self._file.truncate(4 * self.n_channels * n_samples)

    def append(self, samples: Tensor) -> None:
        """(channels, time)."""
        self.n_samples += samples.shape[1]
        try:
            self._file.write(np.ascontiguousarray(samples.T.numpy(), dtype="<f4").data)
            self._file.flush()
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    @cached_property
    def peak(self) -> float:
        """The largest magnitude, of what is complete."""
        return max((float(np.abs(block).max()) for block in self._blocks()), default=0.0)

    def encode(
        self, path: Path, sample_rate: int, form: tuple[str, str], gain: float = 1.0
    ) -> None:
        """By libsndfile, in a format and subtype of its; values beyond [-1, 1] are clipped."""
        blocks = (block if gain == 1 else block * np.float32(gain) for block in self._blocks())
        encode(path, blocks, self.n_channels, sample_rate, form)

    def encode_floats(self, path: Path, sample_rate: int) -> None:
        """As .wav of 32-bit floats. libsndfile would write the time of day into the file."""
        with path.open("wb") as file:
            file.write(float_header(self.n_samples, self.n_channels, sample_rate))
            self._file.seek(0)
            shutil.copyfileobj(self._file, file)

    def _blocks(self) -> Iterator[Waveform]:
        """(time, channels) each."""
        self._file.seek(0)
        while block := self._file.read(BLOCK * self.n_channels * 4):
            yield np.frombuffer(block, dtype="<f4").reshape(-1, self.n_channels)


def write_song(path: Path, stretches: Iterable[Tensor], sample_rate: int, n_channels: int) -> Draft:
    """Stretches (channels, time) of a song into one file -> its draft, closed, for its figures.

    The format goes by the suffix, as for `write_audio`; but a song that would clip is made softer.
    """
    check_suffix(path)
    with drafts(path.parent, 1, n_channels) as (draft,), in_place([path]) as (beside,):
        for stretch in stretches:
            draft.append(stretch)
        draft.encode(beside, sample_rate, FORMS[path.suffix], 1 / max(draft.peak, 1.0))
    return draft


@contextmanager
def drafts(
    folder: Path, n: int, n_channels: int, kept: Path | None = None
) -> Iterator[list[Draft]]:
    """n drafts of files in a folder, which need not be there yet; equally far.

    kept: a folder in which their samples stay, to go on from. Raises OSError where there can be
    none, AudioError where nothing can be written.
    """
    there = standing(folder)
    with ExitStack() as stack:
        try:
            files = [stack.enter_context(_begun(there, kept, number)) for number in range(n)]
        except OSError as error:
            raise _unwritable(folder, error) from error
        begun = [Draft(folder, file, n_channels) for file in files]
        for draft in begun:
            draft.cut(min(draft.n_samples for draft in begun))
        yield begun


def _begun(there: Path, kept: Path | None, number: int) -> IO[bytes]:
    return TemporaryFile(dir=there) if kept is None else (kept / f"{number}.floats").open("a+b")


def _unwritable(folder: Path, error: OSError) -> AudioError:
    return AudioError(
        f"{folder} cannot be written to ({error.strerror}): {remedy(error)}, or choose another -o"
    )


def float_header(n_samples: int, n_channels: int, sample_rate: int) -> bytes:
    """Of a .wav file of 32-bit floats, or of RF64 (EBU Tech 3306) where 32 bits cannot count it."""
    frame = 4 * n_channels
    kind = struct.pack("<HHIIHHH", 3, n_channels, sample_rate, sample_rate * frame, frame, 32, 0)
    size = n_samples * frame
    chunks = _chunk(b"fmt ", kind) + _chunk(b"fact", struct.pack("<I", min(n_samples, MAX_RIFF)))
    total = 4 + len(chunks) + 8 + size
    if total <= MAX_RIFF:
        return (
            b"RIFF"
            + struct.pack("<I", total)
            + b"WAVE"
            + chunks
            + struct.pack("<4sI", b"data", size)
        )
    sizes = _chunk(b"ds64", struct.pack("<QQQI", total + 36, size, n_samples, 0))
    unknown = struct.pack("<I", MAX_RIFF)
    return b"RF64" + unknown + b"WAVE" + sizes + chunks + b"data" + unknown


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content

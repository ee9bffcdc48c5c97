"""A song, in memory or in a file, read front to back in spans that may overlap.

Memory holds one span, so that a file may be as long as it likes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
import torch
from torch import Tensor

from dirac.audio.files import (
    BLOCK,
    LOUDEST,
    RATES,
    AudioError,
    Waveform,
    audio_info,
    check_samples,
    open_audio,
)

Span = tuple[int, int]  # samples [start, stop)


class Song(Protocol):
    @property
    def sample_rate(self) -> int: ...

    @property
    def n_samples(self) -> int: ...

    def spans(self, wanted: Iterable[Span]) -> Iterator[Tensor]:
        """The samples of spans, (channels, time) each; none begins before the one before it. Every

        call begins at the first sample again.
        """


@dataclass(frozen=True)
class Recording:
    """waveform: (channels, time) in memory, float32. Raises ValueError if it is empty or no sound,

    or of a rate outside `RATES`.
    """

    waveform: Tensor
    sample_rate: int

    def __post_init__(self) -> None:
        if not isinstance(self.waveform, Tensor) or self.waveform.dtype != torch.float32:
            raise ValueError(
                "a waveform must be a tensor of float32: torch.as_tensor(samples, "
                "dtype=torch.float32)"
            )
        if self.sample_rate not in RATES:
            raise ValueError(
                f"a sample rate must be from {RATES.start} to {RATES.stop - 1} Hz, got "
                f"{self.sample_rate}"
            )
        if self.waveform.ndim != 2 or 0 in self.waveform.shape or not self._is_sound():
            raise ValueError(
                "a waveform must be finite (channels, time) with a sample at least, and none "
                f"beyond {LOUDEST:.0e}, got {tuple(self.waveform.shape)}"
            )

    @property
    def n_samples(self) -> int:
        return self.waveform.shape[-1]

    def spans(self, wanted: Iterable[Span]) -> Iterator[Tensor]:
        return (self.waveform[:, start:stop] for start, stop in wanted)

    def _is_sound(self) -> bool:
        return bool(self.waveform.abs().max() <= LOUDEST)  # of NaN it is not


class AudioFile:
    """The song in a file. Raises AudioError when it is missing, no audio, or has no sample; and,

    while it is read, where it is truncated or holds what is no sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sample_rate, self.n_samples, self.n_channels = audio_info(path)
        if self.n_samples == 0:
            raise AudioError(f"{path} has no sample in it")

    def spans(self, wanted: Iterable[Span]) -> Iterator[Tensor]:
        # No seeking: in an mp3 it takes as long as reading what lies before.
        with open_audio(self.path) as file:
            held = np.zeros((0, self.n_channels), dtype=np.float32)
            end = 0  # of what is held
            for start, stop in wanted:
                while end < start:
                    held = self._read(file, min(start - end, BLOCK), end)
                    end += len(held)
                kept = held[len(held) - (end - start) :]
                held = np.concatenate([kept, self._read(file, stop - end, end)])
                end = stop
                yield torch.from_numpy(held.T.copy())

    def check(self) -> None:
        """Reads all of it. Raises AudioError as `spans`."""
        starts = range(0, self.n_samples, BLOCK)
        for _ in self.spans((start, min(start + BLOCK, self.n_samples)) for start in starts):
            pass

    def _read(self, file: soundfile.SoundFile, n_samples: int, start: int) -> Waveform:
        samples: Waveform = file.read(n_samples, dtype="float32", always_2d=True)
        if len(samples) < n_samples:
            raise AudioError(
                f"{self.path} is truncated: it ends after {start + len(samples)} of "
                f"{self.n_samples} samples"
            )
        check_samples(self.path, samples)
        return samples

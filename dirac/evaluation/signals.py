"""The signals of one evaluation on disk: processes share them, and a killed evaluation goes on.

References and parts are shares of the mixture: each sums to it. A file that exists is complete.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.floating]


@dataclass(frozen=True)
class Signals:
    """References and parts of every excerpt and method, as float32 arrays under `folder`."""

    folder: Path

    def has_references(self, excerpt: str) -> bool:
        return self._references(excerpt).exists()

    def save_references(self, excerpt: str, references: Signal) -> None:
        """references: (sources, channels, time), already divided by the number of sources."""
        _save(self._references(excerpt), references)

    def load_references(self, excerpt: str) -> Signal:
        references: Signal = np.load(self._references(excerpt))
        return references

    def has_parts(self, method: str, excerpt: str) -> bool:
        return self._parts(method, excerpt).exists()

    def save_parts(self, method: str, excerpt: str, parts: Signal) -> None:
        """parts: (parts, channels, time)."""
        _save(self._parts(method, excerpt), parts)

    def load_parts(self, method: str, excerpt: str) -> Signal:
        parts: Signal = np.load(self._parts(method, excerpt))
        return parts

    def _references(self, excerpt: str) -> Path:
        return self.folder / "references" / f"{excerpt}.npy"

    def _parts(self, method: str, excerpt: str) -> Path:
        return self.folder / "parts" / method / f"{excerpt}.npy"


def find_silent(references: Signal, silence_db: float) -> NDArray[np.bool_]:
    """Which sources are silent (sources,): their own RMS is at most `silence_db` dBFS.

    A source's own level is that of its reference (a share) times the number of sources.
    """
    rms = len(references) * np.sqrt(np.mean(np.square(references, dtype=np.float64), axis=(1, 2)))
    silent: NDArray[np.bool_] = rms <= 10.0 ** (silence_db / 20.0)
    return silent


def find_scored(silent: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which sources are scored (sources,): those that sound, where at least two of them do.

    With one source alone there is nothing to separate: the mixture itself would be perfect.
    """
    return ~silent if (~silent).sum() >= 2 else np.zeros_like(silent)


def _save(path: Path, signal: Signal) -> None:
    """Write a complete file or none."""
    if signal.ndim != 3 or not np.isfinite(signal).all():
        raise ValueError(
            f"{path.parent.name}/{path.stem}: must be finite (parts, channels, time), "
            f"got shape {signal.shape}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.partial")
    with beside.open("wb") as file:
        np.save(file, signal.astype(np.float32))
    beside.replace(path)

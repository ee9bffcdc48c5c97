"""Small stores of latents for the tests."""

from pathlib import Path
from typing import Any

import numpy as np

from dirac.data.excerpts import Excerpts
from dirac.data.store import VERSION, StoreMeta, StoreWriter

SPECTROGRAM = {"power": 0.5, "n_fft": 2048, "n_iterations": 2}
CODEC: dict[str, Any] = {
    "name": "spectrogram",
    "quantized": False,
    "bandwidth": 6.0,
    "spectrogram": SPECTROGRAM,
}


def one_of_each(n_tracks: int) -> Excerpts:
    """The first second of each of n tracks."""
    names = tuple(f"song {i}" for i in range(n_tracks))
    return Excerpts(names, np.arange(n_tracks), np.zeros(n_tracks), 1.0)


def write_mixtures(
    path: Path,
    mixtures: np.ndarray,
    exponent: float,
    sources: dict[str, np.ndarray] | None = None,
    homogeneous: bool = True,
    codec: dict[str, Any] = CODEC,
    played: dict[float, np.ndarray] | None = None,
) -> Path:
    """mixtures, and each of the sources if there are any: (excerpts, channels, frames).

    played: mixtures at other speeds.
    """
    n_excerpts, n_channels, n_frames = mixtures.shape
    stems, speeds = sources or {}, played or {}
    writer = StoreWriter(path)
    writer.append(list(zip(mixtures, *stems.values(), *speeds.values(), strict=True)))
    writer.finish(
        StoreMeta(
            version=VERSION,
            data_name="synthetic",
            codec=codec,
            sample_rate=24_000,
            frame_rate=75.0,
            exponent=exponent,
            homogeneous=homogeneous,
            n_channels=n_channels,
            n_frames=n_frames,
            dtype=str(mixtures.dtype),
            sources=tuple(stems),
            speeds=tuple(speeds),
            excerpts=one_of_each(n_excerpts),
            records=np.arange(n_excerpts),
            dropped={},
            mean=tuple(mixtures.mean(axis=(0, 2))),
            std=tuple(mixtures.std(axis=(0, 2))),
        )
    )
    return path

"""Two sources that play by turns: one steady with harmonics, one flickering and smooth."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from . import stores

N_CHANNELS, WINDOW, N_BANDS = 12, 8, 16
N_STARTS = 13  # of the windows in an excerpt of four
STEADY, FLICKERING, BOTH = 1, 2, 3


def latents(present: int, loudness: np.ndarray, exponent: float) -> np.ndarray:
    """(channels, WINDOW): magnitudes**(1 / exponent) of the sources that are present."""
    power = np.zeros((N_CHANNELS, WINDOW))
    if present & STEADY:
        harmonics = np.where(np.arange(N_CHANNELS) % 3 == 0, 1.0, 0.01)
        power += loudness[0] * harmonics[:, None]
    if present & FLICKERING:
        power += loudness[1] * (np.arange(WINDOW) % 4 == 0)
    return power ** (1 / exponent)


def settings(**other: float) -> SimpleNamespace:
    plain = {"share": 0.1, "presence": 1.1, "n_frames": WINDOW, "gain_db": 6.0}
    plain |= {"n_bands": N_BANDS, "n_alike": 1}
    return SimpleNamespace(**plain | {"speed_octaves": 0.0, "equaliser_db": 0.0} | other)


def write_store(path: Path, presence: np.ndarray, exponent: float = 2.0) -> Path:
    """presence: (excerpts, windows) of STEADY, FLICKERING, BOTH or 0."""
    loudness = np.random.default_rng(0).uniform(0.5, 2, (len(presence), 2))
    mixtures = [
        np.concatenate([latents(present, loud, exponent) for present in row], axis=1)
        for row, loud in zip(presence, loudness, strict=True)
    ]
    return stores.write_mixtures(path, np.stack(mixtures), exponent, homogeneous=exponent != 1)

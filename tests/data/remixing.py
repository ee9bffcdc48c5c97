"""What remixes are made of in tests: loud mixtures, places of anchors, plain settings."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from . import stores

N_CHANNELS, WINDOW, N_FRAMES = 12, 8, 32
PLACES = [np.array([[3, 8]]), np.array([[5, 16]])]


def settings(**other: float) -> SimpleNamespace:
    plain = {"n_frames": WINDOW, "gain_db": 6.0, "speed_octaves": 0.0, "equaliser_db": 0.0}
    plain |= {"by_song": False, "inverted": False}
    return SimpleNamespace(**plain | other)


def write_store(path: Path, exponent: float = 2.0, n_excerpts: int = 40) -> Path:
    """Loud everywhere: what is silent has no ratio."""
    random = np.random.default_rng(0)
    mixtures = random.uniform(0.5, 2, (n_excerpts, N_CHANNELS, N_FRAMES)).astype(np.float32)
    return stores.write_mixtures(path, mixtures, exponent, homogeneous=exponent != 1)

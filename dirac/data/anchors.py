"""Anchors: windows of mixtures in which little else than one source sounds, found without stems.

Instruments enter and leave. Window by window, the power of every latent channel and of its change
are about the sum over the sources of a profile times a presence. Nonnegative matrix factorisation
of these statistics finds the profiles and presences; the windows in which one presence exceeds all
others most are its anchors. What separates sources is thus that they are not always there together.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.datasets import MixtureDataset
from dirac.data.store import LatentStore

Array = np.ndarray[Any, np.dtype[Any]]
MAX_FITTED = 20_000  # windows; more change no profile


class AnchorError(ValueError):
    """No anchors can be found in a store."""


@dataclass(frozen=True)
class Windows:
    """Windows side by side in the excerpts of a store: where they are, and their statistics.

    places: (windows, 2), excerpt and first frame; statistics: (windows, 2 x channels), summing to 1.
    """

    places: Array
    statistics: Array


def read_windows(path: Path, n_frames: int) -> Windows:
    """The windows of a store's mixtures, but for the quietest.

    Raises AnchorError if none is left, ValueError if windows are longer than excerpts.
    """
    store = LatentStore(path)
    starts = range(0, store.meta.n_frames - n_frames + 1, n_frames)
    offset = np.array(store.meta.mean)[:, None] if store.meta.exponent == 1 else 0.0
    places, statistics = [], []
    for index in range(len(store)):
        latents = store.mixture(index)
        amplitude = (latents - offset) ** (store.meta.exponent / 2 if np.isscalar(offset) else 1)
        for start in starts:
            places.append((index, start))
            statistics.append(_power_and_change(amplitude[:, start : start + n_frames]))
    table = np.array(statistics)
    total = table.sum(axis=1)
    if len(table) == 0 or not total.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    loud = total > 0.05 * total.mean()
    return Windows(np.array(places)[loud], table[loud] / total[loud, None])


def fit_profiles(windows: Windows, n_sources: int, seed: int) -> Array:
    """The profiles of the sources, (sources, 2 x channels), each summing to 1."""
    chosen = windows.statistics
    if len(chosen) > MAX_FITTED:
        chosen = np.random.default_rng(seed).choice(chosen, MAX_FITTED, replace=False)
    model = _factorisation(n_sources, seed)
    model.fit(chosen)
    profiles: Array = model.components_
    return profiles / profiles.sum(axis=1, keepdims=True)

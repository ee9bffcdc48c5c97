"""What a model hears in the mixtures of a store: its parts, and how much of a window is whose."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dirac.data.presences import MAX_READ, QUIET, AnchorError, Array, window_starts
from dirac.data.store import LatentStore

# (batch, channels, frames) -> (batch, parts, channels, frames)
Regress = Callable[[Tensor], Tensor]


def hear_presences(
    path: Path, n_frames: int, level: float, regress: Regress
) -> tuple[Array, Array]:
    """Places (windows, 2) of a store's windows but the quietest, and presences (windows, parts)

    as a model hears them: its parts' shares of the power of the mixture. level: the RMS of the
    latents that the model was trained on, averaged over channels. Raises AnchorError when no window
    has any sound in it.
    """
    store = LatentStore(path)
    places, powers = [], []
    starts = window_starts(store, n_frames)
    numbers = range(0, len(store), len(store) * len(starts) // MAX_READ + 1)
    for index in tqdm(numbers, "listening for anchors", unit="excerpt"):
        mixture, parts = take_apart(store, index, level, regress)
        heard = np.square(additive(store, parts))
        heard *= np.square(additive(store, mixture)) / heard.sum(axis=0).clip(1e-12)
        for start in starts:
            places.append((index, start))
            powers.append(heard[..., start : start + n_frames].sum(axis=(1, 2)))
    table = np.array(powers, dtype=np.float64)
    if not table.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    total = table.sum(axis=1)
    loud = total > QUIET * total.mean()
    return np.array(places)[loud], table[loud] / total[loud, None]


def take_apart(
    store: LatentStore, index: int, level: float, regress: Regress
) -> tuple[Array, Array]:
    """A mixture (channels, frames), and the parts (parts, channels, frames) that a model finds.

    level: as for `hear_presences`; parts are as loud as if the mixture had it.
    """
    mixture = store.mixture(index)
    gain = level / max(float(np.mean(store.meta.rms)), 1e-6) if store.meta.homogeneous else 1.0
    parts: Array = regress(torch.from_numpy(gain * mixture)[None])[0].cpu().numpy()
    return mixture, parts


def additive(store: LatentStore, latents: Array) -> Array:
    """Latents (..., channels, frames) as what adds over sources as waveforms do."""
    exponent = store.meta.exponent
    if exponent == 1:
        return latents - rest_of(store)
    added: Array = latents.clip(min=0) ** exponent
    return added


def rest_of(store: LatentStore) -> Array:
    """What latents are without sound, (channels, 1): 0 if homogeneous, else about their mean."""
    mean = np.array(store.meta.mean, dtype=np.float32)[:, None]
    return np.zeros_like(mean) if store.meta.homogeneous else mean

"""What a model hears in the mixtures of a store: parts, whose a window is, how its parts change."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dirac.data.presences import (
    MAX_READ,
    QUIET,
    AnchorError,
    Array,
    Listen,
    changes_of,
    relative,
    window_starts,
)
from dirac.data.store import LatentStore

# (batch, channels, frames) -> (batch, parts, channels, frames)
Regress = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Heard:
    """Windows of a store, but the quietest, as a model hears them.

    places: (windows, 2), excerpt and first frame; presences: (windows, parts), its parts' shares of
    the power of the mixture; changes: (windows, statistics), sum 1 each, how its parts change along
    time and along frequency, no statistics if nobody listened; songs: (windows,), numbers.
    """

    places: Array
    presences: Array
    changes: Array
    songs: Array


def hear_windows(
    path: Path,
    n_frames: int,
    level: float,
    regress: Regress,
    n_bands: int = 0,
    listen: Listen | None = None,
) -> Heard:
    """What a model hears in a store.

    level: the RMS of the latents that the model was trained on, averaged over channels. n_bands: of
    the changes of what `listen` hears in the parts; without it there are none. Raises AnchorError
    when no window has any sound in it.
    """
    store = LatentStore(path)
    places, powers, changes = [], [], []
    starts = window_starts(store, n_frames)
    numbers = range(0, len(store), len(store) * len(starts) // MAX_READ + 1)
    for index in tqdm(numbers, "listening for anchors", unit="excerpt"):
        mixture, parts = take_apart(store, index, level, regress)
        heard = np.square(additive(store, parts))
        heard *= np.square(additive(store, mixture)) / heard.sum(axis=0).clip(1e-12)
        sounds = sounds_of_parts(mixture, parts, listen) if listen is not None else heard[:0]
        rate = sounds.shape[2] / store.meta.n_frames
        for start in starts:
            places.append((index, start))
            powers.append(heard[..., start : start + n_frames].sum(axis=(1, 2)))
            window = sounds[..., round(rate * start) : round(rate * (start + n_frames))]
            changes.append([changes_of(sound, n_bands) for sound in window])
    table = np.array(powers, dtype=np.float64)
    if not table.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    total = table.sum(axis=1)
    loud = total > QUIET * total.mean()
    chosen = np.array(places)[loud]
    told = np.empty((len(table), 0))
    if listen is not None:
        told = relative(np.array(changes, dtype=np.float64).reshape(len(table), -1))
    return Heard(
        places=chosen,
        presences=table[loud] / total[loud, None],
        changes=told[loud],
        songs=store.meta.excerpts.tracks[chosen[:, 0]],
    )


def sounds_of_parts(mixture: Array, parts: Array, listen: Listen) -> Array:
    """Of what is heard in a mixture (channels, frames) the shares of its parts (parts, channels,

    frames) -> (parts, bands, frames): roots of magnitudes, of which powers are shared out.
    """
    whole, *apart = listen(torch.from_numpy(np.stack([mixture, *parts]))).cpu().numpy()
    powers = np.stack(apart) ** 4
    shared: Array = whole * (powers / powers.sum(axis=0).clip(1e-12)) ** 0.25
    return shared


def take_apart(
    store: LatentStore, index: int, level: float, regress: Regress
) -> tuple[Array, Array]:
    """A mixture (channels, frames), and the parts (parts, channels, frames) that a model finds.

    level: as for `hear_windows`; parts are as loud as if the mixture had it.
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

"""What a model hears in the mixtures of a store: parts, whose a window is, how its parts change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

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
from dirac.kept import keep_rows

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
    folder: Path | None = None,
) -> Heard:
    """What a model hears in a store.

    level: the RMS of the latents that the model was trained on, averaged over channels. n_bands: of
    the changes of what `listen` hears in the parts; without it there are none. folder: as for
    `keep_rows`. Raises AnchorError when no window has any sound in it.
    """
    store = LatentStore(path)
    starts = window_starts(store, n_frames)
    numbers = range(0, len(store), len(store) * len(starts) // MAX_READ + 1)

    def hear(index: int) -> Tensor:
        apart = take_apart(store, index, level, regress)
        return torch.from_numpy(_told(store, *apart, starts, n_frames, n_bands, listen))

    told = keep_rows(folder, "listening for anchors", numbers, hear).numpy()
    powers, changes = told[..., 0], told[..., 1:].reshape(len(told), -1)
    if not powers.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    total = powers.sum(axis=1)
    loud = total > QUIET * total.mean()
    places = np.array([(index, start) for index in numbers for start in starts])[loud]
    return Heard(
        places=places,
        presences=powers[loud] / total[loud, None],
        changes=(relative(changes) if listen is not None else changes)[loud],
        songs=store.meta.excerpts.tracks[places[:, 0]],
    )


def _told(
    store: LatentStore,
    mixture: Array,
    parts: Array,
    starts: Sequence[int],
    n_frames: int,
    n_bands: int,
    listen: Listen | None,
) -> Array:
    """Of each window of an excerpt its parts' powers, then how they change, if somebody listens:

    (windows, parts, 1 + statistics).
    """
    heard = np.square(additive(store, parts))
    heard *= np.square(additive(store, mixture)) / heard.sum(axis=0).clip(1e-12)
    powers = [heard[..., start : start + n_frames].sum(axis=(1, 2)) for start in starts]
    told = np.array(powers, dtype=np.float64)[..., None]
    if listen is None:
        return told
    sounds = sounds_of_parts(mixture, parts, listen)
    rate = sounds.shape[2] / store.meta.n_frames
    windows = [
        sounds[..., round(rate * start) : round(rate * (start + n_frames))] for start in starts
    ]
    changes = [[changes_of(sound, n_bands) for sound in window] for window in windows]
    return np.concatenate([told, np.array(changes, dtype=np.float64)], axis=2)


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

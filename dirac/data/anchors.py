"""Anchors: windows of mixtures in which little else than one source sounds, found without stems.

Instruments enter and leave. The windows in which one source is nearly all that sounds are its
anchors: first by statistics of the sound (`data.presences`), so that what tells sources apart is
that they are not always there together. A model trained on these hears presences better than the
statistics tell them: of what it takes apart, how much of a window is whose. Its anchors hold what
statistics shun, as loud kicks.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

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
    in_balanced_songs,
    read_windows,
    tell_presences,
    window_starts,
)
from dirac.data.store import LatentStore

Anchors = list[Array]  # of each source the places of its windows, (anchors, 2)
# (batch, channels, frames) -> (batch, parts, channels, frames)
Regress = Callable[[Tensor], Tensor]


class AnchorSettings(Protocol):
    """params.train.anchors, or anything with its values."""

    @property
    def share(self) -> float:
        """Of all windows, the fewest for each source."""

    @property
    def presence(self) -> float:
        """From which on a source is alone: all windows in which it has as much are its anchors."""

    @property
    def n_frames(self) -> int:
        """Of a window."""

    @property
    def n_bands(self) -> int:
        """In which a window's statistics are gathered."""

    @property
    def lopsided(self) -> float:
        """The most that one source may explain of a song in which statistics look for anchors."""

    @property
    def gain_db(self) -> float:
        """Levels of a remix: up to this much louder or softer."""

    @property
    def speed_octaves(self) -> float:
        """Speeds of a remix in training: up to this much higher and faster, or the other way."""

    @property
    def equaliser_db(self) -> float:
        """Tones of a remix in training: bands are up to this much louder or softer."""


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


def find_anchors(places: Array, presences: Array, settings: AnchorSettings) -> Anchors:
    """For each source the places (windows, 2) that it has most alone: a share of them, or more

    where it has more alone. A single source has them all.
    """
    if presences.shape[1] == 1:
        return [places]
    fewest = max(1, round(settings.share * len(presences)))
    numbers = [max(fewest, int((alone >= settings.presence).sum())) for alone in presences.T]
    return [
        places[np.argsort(-alone, kind="stable")[:number]]
        for alone, number in zip(presences.T, numbers, strict=True)
    ]


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


def tell_windows(
    stores: Sequence[Path], n_sources: int, settings: AnchorSettings, seed: int, listen: Listen
) -> list[tuple[Array, Array]]:
    """Of each store places (windows, 2) and presences (windows, sources) of its windows, by

    statistics: by the profiles of the first, which is that of training. Lopsided songs are left
    out. Raises AnchorError where there is nothing to look for.
    """
    windows = [read_windows(path, settings.n_frames, settings.n_bands, listen) for path in stores]
    told = tell_presences(windows, n_sources, seed)
    kept = [
        in_balanced_songs(presences, of_store.songs, settings.lopsided)
        for of_store, presences in zip(windows, told, strict=True)
    ]
    for path, of_store in zip(stores, kept, strict=True):
        if not of_store.any():
            raise AnchorError(
                f"{path} has no song as balanced as train.anchors.lopsided asks for: raise it (1: "
                "all may have anchors)"
            )
    return [(windows[n].places[kept[n]], told[n][kept[n]]) for n in range(len(stores))]


def find_by_ear(
    stores: Sequence[Path],
    level: float,
    regress: Regress,
    settings: AnchorSettings,
    excerpts: Sequence[Array] | None = None,
) -> list[Anchors]:
    """Of each store the anchors that a model hears, in these excerpts of it; None: in all.

    Other arguments as for `hear_presences`. A model mistakes what statistics mistook, even where
    it has not learnt from it: songs that `tell_windows` leaves out are better left out here too.
    Raises AnchorError where nothing sounds, or nothing in these excerpts.
    """
    found = []
    for number, path in enumerate(stores):
        places, presences = hear_presences(path, settings.n_frames, level, regress)
        if excerpts is not None:
            kept = np.isin(places[:, 0], excerpts[number])
            places, presences = places[kept], presences[kept]
            if not len(places):
                raise AnchorError(
                    f"{path}: all is quiet in the songs that train.anchors.lopsided leaves: raise "
                    "it (1: all may have anchors)"
                )
        found.append(find_anchors(places, presences, settings))
    return found

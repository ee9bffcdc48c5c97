"""How much of a song a model hears otherwise than before."""

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dirac.data.heard import additive, take_apart
from dirac.data.presences import Array
from dirac.data.store import LatentStore
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import regress

TURNED_OVER = 0.5  # share of a song's power: where more has moved, parts have changed places


def moved(before: Decomposition, after: Decomposition, heard: Path) -> dict[str, float]:
    """Of each song (its track's name) the share of its power that is in other parts than before."""
    store = LatentStore(heard)
    total: dict[str, float] = defaultdict(float)
    elsewhere: dict[str, float] = defaultdict(float)
    for index in tqdm(range(len(store)), "comparing", unit="excerpt"):
        power = np.square(additive(store, store.mixture(index)))
        old, new = (_shares(model, store, index) for model in (before, after))
        song = store.meta.excerpts[index].track
        total[song] += float(power.sum())
        elsewhere[song] += float((power * np.abs(new - old).sum(axis=0)).sum()) / 2
    return {song: elsewhere[song] / total[song] for song in total}


def _shares(model: Decomposition, store: LatentStore, index: int) -> Array:
    """Of the parts in an excerpt's power, (parts, channels, frames)."""
    parts = take_apart(store, index, model.level, partial(regress, model))[1]
    power = np.square(additive(store, parts))
    shares: Array = power / power.sum(axis=0).clip(1e-12)
    return shares

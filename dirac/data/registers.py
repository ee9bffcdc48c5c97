"""Registers: how high sources sound, and which speeds bring them to where others do.

What is heard alone of a bass is mostly low. A model that learns from such anchors takes whatever is
high for a piano, be it the same bass in the same song. Played faster, as a tape, its anchors are
basses that play high; those of a piano, played slower, pianos that play low. Then it is not by
their registers that sources are told apart.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from dirac.data.anchors import Anchors
from dirac.data.presences import Array, Listen
from dirac.data.store import LatentStore

MAX_HEARD = 400  # anchors of a source, evenly spread


def speeds_towards_others(
    path: Path, anchors: Anchors, n_frames: int, speeds: Sequence[float], listen: Listen
) -> list[tuple[float, ...]]:
    """For each source, those of `speeds` that bring its anchors nearer to where others play.

    Faster ones for sources lower than the mean of all, slower ones for the rest; a single source
    has none. path, n_frames: of the store and the windows of the anchors. Raises StoreError if the
    store lacks one of the speeds.
    """
    if len(anchors) < 2:
        return [() for _ in anchors]
    store = LatentStore(path)
    for speed in speeds:  # what it lacks is said here, not by a worker at the first draw
        store.mixture(0, speed=speed)
    registers = [register(store, places, n_frames, listen) for places in anchors]
    middle = np.mean(registers)
    return [tuple(s for s in speeds if (s > 1) == bool(own < middle)) for own in registers]


def register(store: LatentStore, places: Array, n_frames: int, listen: Listen) -> float:
    """The middle of the power of windows (windows, 2) of a source, in bands; each counts alike."""
    middles = []
    for index, start in places[:: -(-len(places) // MAX_HEARD)]:
        window = torch.from_numpy(store.mixture(int(index), int(start), n_frames))
        heard = listen(window[None])[0].cpu().numpy().astype(np.float64)
        power = (heard**4).sum(axis=1)  # of roots of magnitudes
        middles.append(np.average(np.arange(len(power)), weights=power + 1e-12))
    return float(np.mean(middles))

"""Estimates: the parts that a model takes out of the mixtures of a store, kept beside them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dirac.data.heard import Regress, additive, rest_of, take_apart
from dirac.data.presences import Array
from dirac.data.store import N_COMMITTED, LatentStore, Record, StoreWriter

MAX_TAKEN = 20_000  # excerpts, evenly spread, so that disk and time stay the same


@dataclass(frozen=True)
class Estimates:
    """store: whose sources are parts that a model took out of mixtures, in the model's order.

    share: of the sources in remixes that are such parts of mixtures at random, each another, in
    place of anchors (Tzinis et al. 2022, RemixIT: bootstrapped mixtures).
    """

    store: LatentStore
    share: float


def write_estimates(path: Path, output: Path, n_parts: int, level: float, regress: Regress) -> None:
    """A store of the mixtures in `path`, whose sources are the parts that a model finds in each.

    Of more than MAX_TAKEN excerpts, of fewer. level, regress: as for `hear_windows`. Goes on
    where a killed call stopped.
    """
    store, writer = LatentStore(path), StoreWriter(output)
    if writer.is_finished:
        return
    taken = range(0, len(store), -(-len(store) // MAX_TAKEN))

    def estimated() -> Iterator[Record]:
        for index in tqdm(taken[writer.n_records :], "taking mixtures apart", unit="excerpt"):
            mixture, parts = take_apart(store, index, level, regress)
            own = shared_out(store, mixture, parts)
            yield np.stack([mixture, *own]).astype(store.meta.dtype)

    estimates = estimated()
    while records := tuple(islice(estimates, N_COMMITTED)):
        writer.append(records)
    meta = replace(
        store.meta,
        sources=tuple(map(part_name, range(n_parts))),
        speeds=(),
        excerpts=store.meta.excerpts.take(taken),
        records=np.arange(len(taken)),
        dropped={},
    )
    writer.finish(meta)


def part_name(number: int) -> str:
    """Of a part, as a source in the store."""
    return f"part {number + 1}"


def shared_out(store: LatentStore, mixture: Array, parts: Array) -> Array:
    """What of a mixture (channels, frames) is whose, by its parts (parts, channels, frames).

    They add up to it. Latents that are magnitudes are divided in proportion to the parts'; of
    others, parts are brought to the level of the mixture, and what is missing is divided evenly.
    """
    whole, sounds = additive(store, mixture), additive(store, parts)
    total = sounds.sum(axis=0)
    if store.meta.exponent == 1:
        gain = np.linalg.norm(whole) / max(float(np.linalg.norm(total)), 1e-6)
        own: Array = gain * sounds + (whole - gain * total) / len(parts)
        return rest_of(store) + own
    shared: Array = (sounds / total.clip(1e-12) * whole) ** (1 / store.meta.exponent)
    return shared

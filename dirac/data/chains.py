"""Which effects a part gets: chains that a studio might have put it through, drawn at random."""

from collections.abc import Sequence

import numpy as np

from dirac.data.music.song import BASS, DRUMS, Part, happens
from dirac.data.production import (
    Automation,
    Band,
    Chain,
    Compressor,
    Effect,
    Equaliser,
    Ring,
    Room,
    Saturation,
)

Range = tuple[float, float]

# Thresholds (dB) and ratios of compressors.
USUAL: tuple[Range, Range] = ((-32.0, -16.0), (1.5, 6.0))
DENSE: tuple[Range, Range] = ((-45.0, -22.0), (2.5, 12.0))

CHANCE_OF_ROOM = {DRUMS: 0.5, BASS: 0.2}
CHANCE_OF_ROOM_OTHERS = 0.6
LOW_CUTS_HZ = {DRUMS: (20.0, 45.0), BASS: (20.0, 45.0)}
LOW_CUTS_HZ_OTHERS = (40.0, 200.0)


def draw_production(
    rng: np.random.Generator, part: Part, share: float, dense: float
) -> tuple[Part, Chain | None]:
    """A part as it is played, and the chain that it goes through.

    share: of the parts that get one; dense: of these, as for `draw_chain`; half of the basses among
    them hold their notes.
    """
    if not happens(rng, share):
        return part, None
    is_dense = dense > 0 and happens(rng, dense)
    holds = is_dense and part.inst_class == BASS and happens(rng, 0.5)
    return (part.held() if holds else part), draw_chain(rng, part.inst_class, dense=is_dense)


def draw_chain(rng: np.random.Generator, inst_class: str, *, dense: bool = False) -> Chain:
    """A plausible chain for an instrument class: equaliser, then mostly a few others.

    dense: as on records, where kits ring and levels are squeezed, so that little is ever silent.
    """
    effects: list[Effect] = [Equaliser(tuple(_draw_bands(rng, inst_class)))]
    if dense and inst_class == DRUMS:
        effects.append(_draw_ring(rng))
    if dense and inst_class == BASS:  # whose overtones lie far below its fundamentals
        level_db, hz = float(rng.uniform(-14, -3)), float(rng.uniform(150, 500))
        effects.append(Equaliser((Band("high_shelf", hz, level_db),)))
    if dense:
        effects.append(_draw_compressor(rng, *DENSE))
    elif happens(rng, 0.6):
        effects.append(_draw_compressor(rng, *USUAL))
    if happens(rng, 0.4):
        effects.append(Saturation(float(np.exp(rng.uniform(np.log(0.5), np.log(4))))))
    if (dense and inst_class == DRUMS) or happens(
        rng, CHANCE_OF_ROOM.get(inst_class, CHANCE_OF_ROOM_OTHERS)
    ):
        effects.append(_draw_room(rng))
    if happens(rng, 0.5):
        n_levels = int(rng.integers(4, 13))
        effects.append(Automation(tuple(rng.uniform(-1.5, 1.5, n_levels).tolist())))
    return Chain(tuple(effects))


def _draw_bands(rng: np.random.Generator, inst_class: str) -> Sequence[Band]:
    low, high = LOW_CUTS_HZ.get(inst_class, LOW_CUTS_HZ_OTHERS)
    bands = [Band("high_pass", float(rng.uniform(low, high)))]
    for _ in range(int(rng.integers(1, 4))):
        hz = float(np.exp(rng.uniform(np.log(80), np.log(7000))))
        bands.append(Band("peak", hz, float(rng.uniform(-6, 6)), float(rng.uniform(0.5, 2.5))))
    if happens(rng, 0.5):
        bands.append(Band("low_shelf", float(rng.uniform(80, 250)), float(rng.uniform(-5, 5))))
    if happens(rng, 0.5):
        bands.append(Band("high_shelf", float(rng.uniform(2500, 7000)), float(rng.uniform(-6, 6))))
    if happens(rng, 0.2):
        bands.append(Band("low_pass", float(rng.uniform(3000, 11000))))
    return bands


def _draw_compressor(rng: np.random.Generator, thresholds_db: Range, ratios: Range) -> Compressor:
    return Compressor(
        threshold_db=float(rng.uniform(*thresholds_db)),
        ratio=float(rng.uniform(*ratios)),
        attack_seconds=float(np.exp(rng.uniform(np.log(0.003), np.log(0.05)))),
        release_seconds=float(np.exp(rng.uniform(np.log(0.05), np.log(0.4)))),
    )


def _draw_ring(rng: np.random.Generator) -> Ring:
    n_modes = int(rng.integers(3, 9))
    return Ring(
        hz=tuple(np.exp(rng.uniform(np.log(45), np.log(350), n_modes)).tolist()),
        decay_seconds=tuple(np.exp(rng.uniform(np.log(0.2), np.log(1.5), n_modes)).tolist()),
        wet=float(10 ** (rng.uniform(-12, 6) / 10)),
    )


def _draw_room(rng: np.random.Generator) -> Room:
    return Room(
        seed=int(rng.integers(2**32)),
        decay_seconds=float(np.exp(rng.uniform(np.log(0.15), np.log(1.4)))),
        damping=float(rng.uniform(0.3, 0.9)),
        wet=float(10 ** (rng.uniform(-20, -5) / 10)),
    )

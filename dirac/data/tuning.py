"""Drums tuned and damped: what a drummer does to a kit, and a producer to its samples.

A tuning is a seed: it gives every drum of a kit a pitch and a decay of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dirac.data.music.song import happens

Samples = NDArray[np.float32]

SEMITONES = (-5.0, 4.0)
CHANCE_OF_DAMPING = 0.4
RING_SECONDS = (0.15, 3.0)  # to a fall of 60 dB, beside the drum's own


@dataclass(frozen=True)
class Tuning:
    semitones: float
    ring_seconds: float  # infinite: as long as the drum rings by itself


def draw_tuning(tuning: int, drum: int) -> Tuning:
    """How the drum of this General MIDI number is tuned by the seed `tuning`."""
    rng = np.random.default_rng((tuning, drum))
    semitones = float(rng.uniform(*SEMITONES))
    ring_seconds = float(np.exp(rng.uniform(*np.log(RING_SECONDS))))
    return Tuning(semitones, ring_seconds if happens(rng, CHANCE_OF_DAMPING) else np.inf)


def tuned(stroke: Samples, tuning: Tuning, sample_rate: int) -> Samples:
    """A stroke (time,) played faster or slower, and damped: its envelope falls sooner."""
    step = 2 ** (tuning.semitones / 12)
    places = np.arange(int(len(stroke) / step)) * step
    bent = np.interp(places, np.arange(len(stroke)), stroke)
    damped = bent * 0.001 ** (np.arange(len(bent)) / sample_rate / tuning.ring_seconds)
    return damped.astype(np.float32)

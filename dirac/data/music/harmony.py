"""Keys and chord progressions."""

import numpy as np

from dirac.data.music.song import Chord, pick

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)

# Degrees of the scale, one a bar; a pair shares the bar.
MAJOR_PROGRESSIONS = (
    (0, 4, 5, 3),
    (0, 5, 3, 4),
    (5, 3, 0, 4),
    (0, 3, 0, 4),
    (0, 3, (1, 4), 0),
    (1, 4, 0, 0),
    (0, 0, 3, 3),
    (0, 2, 3, (3, 4)),
    ((0, 5), (1, 4), (0, 5), (3, 4)),
    (3, 4, 2, 5),
    (0, 0, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4),
)
MINOR_PROGRESSIONS = (
    (0, 5, 2, 6),
    (0, 6, 5, 6),
    (0, 3, 4, 0),
    (0, 0, 3, 4),
    (0, (5, 6)),
    (0, 2, 6, 3),
    (3, 6, 2, (5, 4)),
    (0, 0, 5, 4),
    (0, 0, 0, 0),
    (0, 3),
)


def draw_scale(rng: np.random.Generator) -> tuple[int, ...]:
    """Seven pitch classes of a random major or minor key, the tonic first."""
    mode = pick(rng, (MAJOR, MINOR))
    tonic = int(rng.integers(12))
    return tuple((tonic + degree) % 12 for degree in mode)


def draw_progression(
    rng: np.random.Generator, scale: tuple[int, ...], n_tones: int
) -> list[tuple[Chord, Chord]]:
    """A few bars of chords of n_tones (3 or 4) each, as (first half, second half) of each bar."""
    is_major = (scale[2] - scale[0]) % 12 == 4
    degrees = pick(rng, MAJOR_PROGRESSIONS if is_major else MINOR_PROGRESSIONS)
    bars = [bar if isinstance(bar, tuple) else (bar, bar) for bar in degrees]
    return [
        (_chord(scale, first, n_tones), _chord(scale, second, n_tones)) for first, second in bars
    ]


def _chord(scale: tuple[int, ...], degree: int, n_tones: int) -> Chord:
    return Chord(tuple(scale[(degree + 2 * third) % 7] for third in range(n_tones)))

"""Piano, guitar, organ and strings: ways to play chords, and a melody. As with the bass, an equally
seeded generator gives the same figure again."""

import itertools
from collections.abc import Callable

import numpy as np

from dirac.data.music.song import GUITAR, ORGAN, PIANO, STRINGS, Bar, Note, happens, pick

Manner = Callable[[np.random.Generator, Bar], list[Note]]

# Rhythms of comping, in sixteenths of a bar of four quarters.
RHYTHMS = (
    "x.......x.......",
    "x...x...x...x...",
    "x.x.x.x.x.x.x.x.",
    "..x...x...x...x.",
    "x..x..x...x..x..",
    "x.....x.....x...",
    "..x..x....x..x..",
    "x..x....x..x....",
    "....x.......x...",
)


def comp(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Block chords in a rhythm, short or held up to the next stroke."""
    rhythm, lowest, is_short = pick(rng, RHYTHMS), pick(rng, (53, 55, 57, 60)), happens(rng, 0.5)
    steps = [step for step, sign in enumerate(rhythm[: bar.n_steps]) if sign == "x"]
    notes = []
    for step, end in itertools.pairwise([*steps, bar.n_steps]):
        length = 1.2 if is_short else (end - step) * 0.95
        velocity = float(rng.uniform(68, 92))
        voices = bar.chord_at(step).voiced(lowest)
        notes += [bar.note(step, length, pitch, velocity) for pitch in voices]
    return notes


def pad(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Held chords, one or two a bar."""
    lowest = pick(rng, (50, 55, 60))
    halves = (0,) if bar.chords[0] == bar.chords[1] else (0, bar.n_steps // 2)
    length = bar.n_steps / len(halves)
    return [
        bar.note(step, length * 0.98, pitch, 74)
        for step in halves
        for pitch in bar.chord_at(step).voiced(lowest)
    ]


def arpeggio(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Broken chords over an octave and a half, in eighths or sixteenths."""
    spacing, lowest, rises = pick(rng, (1, 2, 2)), pick(rng, (48, 52, 60)), happens(rng, 0.6)
    notes = []
    for count, step in enumerate(range(0, bar.n_steps, spacing)):
        voices = bar.chord_at(step).voiced(lowest)
        ladder = [*voices, voices[0] + 12, *voices[:0:-1]]
        place = count % len(ladder)
        pitch = ladder[place if rises else -1 - place]
        notes.append(bar.note(step, spacing * 1.5, pitch, 84 if count % 4 == 0 else 70))
    return notes


def strum(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Six-string chords, down strokes from the low strings and up strokes from the high ones."""
    rhythm = pick(
        rng, ("x.x.x.x.x.x.x.x.", "x...x.x...x.x.x.", "x.x...x.x.x...x.", "x...x...x..xx.x.")
    )
    notes = []
    for step, sign in enumerate(rhythm[: bar.n_steps]):
        if sign == ".":
            continue
        low_voices = bar.chord_at(step).voiced(45)
        strings = [*low_voices, *(pitch + 12 for pitch in low_voices)][:5]
        order = strings if step % 4 == 0 else strings[:1:-1]
        velocity = 84 if step % 4 == 0 else 68
        notes += [
            bar.note(step + 0.06 * delay, 1.8, pitch, velocity) for delay, pitch in enumerate(order)
        ]
    return notes


def melody(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """A walk over five tones of the key, with rests; it comes to a chord tone on the beat."""
    ladder = [pitch for pitch in range(62, 84) if (pitch - bar.scale[0]) % 12 in _pentatonic(bar)]
    place, step, notes = int(rng.integers(len(ladder))), 0, []
    while step < bar.n_steps:
        length = pick(rng, (1, 2, 2, 2, 3, 4, 6))
        if happens(rng, 0.75):
            pitch = ladder[place]
            if step % 8 == 0:
                pitch = min(bar.chord_at(step).voiced(64), key=lambda tone: abs(tone - pitch))
            notes.append(bar.note(step, length * 0.9, pitch, float(rng.uniform(80, 104))))
        place = min(max(place + pick(rng, (-2, -1, -1, 1, 1, 2)), 0), len(ladder) - 1)
        step += length
    return notes


def _pentatonic(bar: Bar) -> tuple[int, ...]:
    """Steps above the tonic: major without fourth and seventh, minor without second and sixth."""
    degrees = (0, 1, 2, 4, 5) if (bar.scale[2] - bar.scale[0]) % 12 == 4 else (0, 2, 3, 4, 6)
    return tuple((bar.scale[degree] - bar.scale[0]) % 12 for degree in degrees)


MANNERS: dict[str, tuple[Manner, ...]] = {
    PIANO: (comp, comp, arpeggio, pad, melody),
    GUITAR: (strum, strum, arpeggio, comp, melody),
    ORGAN: (pad, comp, melody),
    STRINGS: (pad, pad, melody),
}

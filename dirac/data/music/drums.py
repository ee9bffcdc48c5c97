"""The drummer: grooves written as patterns of sixteenths, fills, crashes.

In a pattern "." rests, "g" is a ghost note, "x" a stroke, "X" an accent, "?" a soft stroke that
is sometimes played, "r" and "t" are two and three strokes within the sixteenth.
"""

from collections.abc import Mapping

import numpy as np

from dirac.data.music.song import Bar, Note, happens, pick

# General MIDI.
KICK, STICK, SNARE, CLAP = 36, 37, 38, 39
CLOSED_HAT, PEDAL_HAT, OPEN_HAT, CRASH, RIDE, RIDE_BELL, TAMBOURINE = 42, 44, 46, 49, 51, 53, 54
COWBELL, OPEN_CONGA, LOW_CONGA, TIMBALE, CLAVES, SHAKER = 56, 63, 64, 65, 75, 82
TOMS = (50, 48, 47, 45, 43, 41)  # high to low

VELOCITIES = {"g": 48.0, "x": 90.0, "X": 112.0, "?": 66.0, "r": 80.0, "t": 76.0}
ROLLS = {"r": 2, "t": 3}
RING = {KICK: 2, SNARE: 2, OPEN_HAT: 2, CRASH: 12, RIDE: 4, RIDE_BELL: 4}  # sixteenths; others 1.5

HANDS_OF_A_FILL = frozenset({KICK, SNARE, CLAP, STICK})  # who has none of these plays no fills

Groove = Mapping[int, str]  # General MIDI drum -> pattern of one bar


def thin(rng: np.random.Generator, groove: Groove, section: str) -> Groove:
    """Outside verse and chorus the drummer now and then leaves away the hands or the foot."""
    if section not in ("intro", "break", "outro") or happens(rng, 0.5):
        return groove
    without = pick(rng, ({KICK}, {SNARE, CLAP, STICK}, {CLOSED_HAT, RIDE, OPEN_HAT}))
    left = {drum: pattern for drum, pattern in groove.items() if drum not in without}
    return left or groove


def play_bar(rng: np.random.Generator, groove: Groove, bar: Bar) -> list[Note]:
    """The groove, with a fill where a section ends and a crash where one begins."""
    has_fills = not HANDS_OF_A_FILL.isdisjoint(groove)
    fill_from = _fill_start(rng, bar) if has_fills else bar.n_steps
    notes = [
        _stroke(bar, step + part / ROLLS.get(sign, 1), drum, VELOCITIES[sign])
        for drum, pattern in groove.items()
        for step, sign in enumerate(pattern[:fill_from])
        if sign != "." and (sign != "?" or happens(rng, 0.35))
        for part in range(ROLLS.get(sign, 1))
    ]
    if fill_from < bar.n_steps:
        notes += _fill(rng, bar, fill_from)
    is_announced = bar.is_first and bar.section in ("verse", "chorus", "break")
    if has_fills and is_announced and happens(rng, 0.6):
        notes += [_stroke(bar, 0, CRASH, 108), _stroke(bar, 0, KICK, 105)]
    return notes


def balance(rng: np.random.Generator, notes: list[Note]) -> list[Note]:
    """Every drummer hits some drums harder than others."""
    weights = {drum: float(rng.uniform(0.82, 1.12)) for drum in sorted({n.pitch for n in notes})}
    return [
        note._replace(velocity=min(round(note.velocity * weights[note.pitch]), 127))
        for note in notes
    ]


def _stroke(bar: Bar, step: float, drum: int, velocity: float) -> Note:
    return bar.note(step, RING.get(drum, 1.5), drum, velocity)


def _fill_start(rng: np.random.Generator, bar: Bar) -> int:
    if not happens(rng, 0.65 if bar.is_last else 0.06):
        return bar.n_steps
    return bar.n_steps - pick(rng, (2, 4, 4, 8, 8, bar.n_steps))


def _fill(rng: np.random.Generator, bar: Bar, start: int) -> list[Note]:
    """Strokes over snare and toms up to the bar line, in eighths, sixteenths or triplets."""
    spacing = pick(rng, (1.0, 1.0, 2.0, 4 / 3))
    drums = pick(rng, ((SNARE,), TOMS, (SNARE, *TOMS), (SNARE, SNARE, TOMS[1], TOMS[-1])))
    steps = np.arange(start, bar.n_steps, spacing)
    notes = []
    for count, step in enumerate(steps):
        if happens(rng, 0.15):
            continue
        drum = drums[count * len(drums) // len(steps)]
        notes.append(_stroke(bar, float(step), drum, 78 + 30 * count / len(steps)))
        if happens(rng, 0.2):
            notes.append(_stroke(bar, float(step), KICK, 95))
    return notes

"""Bass lines. Each function plays one bar; called again with an equally seeded generator it plays
the same figure over other chords, which makes it a riff."""

import itertools
from collections.abc import Callable

import numpy as np

from dirac.data.music.song import Bar, Note, happens, pick

LOWEST = 28  # the open E string

Line = Callable[[np.random.Generator, Bar], list[Note]]


def low(pitch_class: int) -> int:
    return LOWEST + (pitch_class - LOWEST) % 12


def long_roots(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """One or two long notes."""
    if bar.chords[0] == bar.chords[1] and happens(rng, 0.5):
        return [bar.note(0, bar.n_steps * 0.95, low(bar.chords[0].root), 88)]
    half = bar.n_steps // 2
    return [bar.note(at, half * 0.9, low(bar.chord_at(at).root), 88) for at in (0, half)]


def driving_roots(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Eighths on the root, the last ones leading to the next chord."""
    length = pick(rng, (1.0, 1.6, 1.9))
    notes = [
        bar.note(step, length, low(bar.chord_at(step).root), 96 if step % 4 == 0 else 82)
        for step in range(0, bar.n_steps, 2)
    ]
    if happens(rng, 0.3):
        notes[-1] = bar.note(bar.n_steps - 2, length, _approach(rng, bar), 86)
    return notes


def octaves(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Root and its octave in alternation, eighths or off-beat sixteenths."""
    ups = pick(rng, ((2,), (2,), (2, 3)))
    notes = []
    for step in range(bar.n_steps):
        root = low(bar.chord_at(step).root)
        if step % 4 == 0:
            notes.append(bar.note(step, 1.6, root, 95))
        elif step % 4 in ups:
            notes.append(bar.note(step, 0.9, root + 12, 84))
    return notes


def walking(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Quarters: roots of new chords, tones near the last one, a step into the next bar."""
    notes: list[Note] = []
    pitch = low(bar.chords[0].root)
    for beat in range(bar.n_beats):
        chord = bar.chord_at(4 * beat)
        if beat == bar.n_beats - 1:
            pitch = _approach(rng, bar)
        elif beat > 0:
            is_new = chord != bar.chord_at(4 * beat - 4)
            tone = chord.root if is_new else pick(rng, chord.tones + bar.scale[:2])
            pitch = min(low(tone), low(tone) + 12, key=lambda near: abs(near - pitch))
        notes.append(bar.note(4 * beat, 3.7, pitch, 90))
        if happens(rng, 0.12):
            notes.append(bar.note(4 * beat + 2, 1.2, pitch, 66))
    return notes


def syncopated(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """A drawn figure of sixteenths with rests; it may leave out the first beat."""
    steps = [step for step in range(bar.n_steps) if happens(rng, 0.5 if step % 2 == 0 else 0.25)]
    if happens(rng, 0.75):
        steps = sorted({0, *steps})
    notes = []
    for step, end in itertools.pairwise([*steps, bar.n_steps]):
        root = low(bar.chord_at(step).root)
        pitch = root if step == 0 else root + pick(rng, (0, 0, 0, 12, 7, 10, -2, 5))
        length = min(end - step, 4) * float(rng.uniform(0.4, 0.95))
        notes.append(bar.note(step, length, pitch, float(rng.uniform(76, 104))))
    return notes


def arpeggio(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Chord tones up and down in eighths or quarters."""
    spacing = pick(rng, (2, 2, 4))
    order = pick(rng, ((0, 1, 2, 1), (0, 2, 3, 2), (0, 2, 1, 2), (0, 3, 2, 1)))
    notes = []
    for count, step in enumerate(range(0, bar.n_steps, spacing)):
        chord = bar.chord_at(step)
        root = low(chord.root)
        tones = [root + (tone - root) % 12 for tone in chord.tones[:3]] + [root + 12]
        notes.append(bar.note(step, spacing * 0.9, tones[order[count % 4]], 88))
    return notes


def bossa(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Dotted: root on 1, fifth on 2-and and 3, root on 4-and."""
    length = pick(rng, (3.5, 5.0))
    notes = []
    for step, lasts, interval in ((0, length, 0), (6, 1.6, 7), (8, length, 7), (14, 1.6, 0)):
        if step < bar.n_steps:
            notes.append(bar.note(step, lasts, low(bar.chord_at(step).root + interval), 88))
    return notes


def off_beat(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Only between the beats, where the four-on-the-floor kick is not."""
    length = pick(rng, (0.9, 1.6))
    return [
        bar.note(step, length, low(bar.chord_at(step).root), 94)
        for step in range(2, bar.n_steps, 4)
    ]


def slap(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Thumbed roots and short, loud pops an octave above, with dead ghost notes between."""
    pops = pick(rng, ((2, 6, 10, 14), (3, 6, 11, 14), (4, 12), (6, 7, 14)))
    notes = []
    for step in range(bar.n_steps):
        root = low(bar.chord_at(step).root)
        if step in pops:
            notes.append(bar.note(step, 0.6, root + 12, 118))
        elif step % 8 == 0 or happens(rng, 0.2):
            notes.append(bar.note(step, 1.4, root, 106))
        elif happens(rng, 0.15):
            notes.append(bar.note(step, 0.3, root, 50))
    return notes


def held_subs(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Very low, long notes, the second of a bar struck where no beat is."""
    second = pick(rng, (6, 10, 11))
    first = bar.note(0, second * 0.98, low(bar.chords[0].root), 104)
    if second >= bar.n_steps or happens(rng, 0.3):
        return [bar.note(0, bar.n_steps * 0.98, low(bar.chords[0].root), 104)]
    root = low(bar.chord_at(second).root)
    return [first, bar.note(second, (bar.n_steps - second) * 0.98, root, 98)]


def slides(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """Long notes that are reached by semitones in quick succession, each overlapping the next."""
    half = bar.n_steps // 2
    way = pick(rng, (-3, -2, 2, 4))
    notes = []
    for step in (0, half):
        root = low(bar.chord_at(step).root)
        distance = abs(way) if happens(rng, 0.6) else 0
        for count in range(distance):
            pitch = root + way - count * (1 if way > 0 else -1)
            notes.append(bar.note(step + count * 0.5, 0.9, max(pitch, LOWEST - 4), 84))
        notes.append(bar.note(step + distance * 0.5, half - distance * 0.5, root, 96))
    return notes


def melodic(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """A tune in the high register: steps of the scale between chord tones."""
    step, notes = 0, []
    pitch = low(bar.chords[0].root) + 12
    while step < bar.n_steps:
        length = pick(rng, (2, 2, 3, 4))
        if step % 8 == 0:
            pitch = low(bar.chord_at(step).root) + 12
        else:
            near = [pitch + move for move in range(-4, 5) if (pitch + move) % 12 in bar.scale]
            pitch = min(max(pick(rng, near), LOWEST + 8), LOWEST + 26)
        notes.append(bar.note(step, min(length, bar.n_steps - step) * 0.95, pitch, 92))
        step += length
    return notes


def pedal(rng: np.random.Generator, bar: Bar) -> list[Note]:
    """The tonic under whatever chords, in quarters, eighths or one long note."""
    spacing = pick(rng, (2, 4, 4, bar.n_steps))
    tonic = low(bar.scale[0])
    return [
        bar.note(step, spacing * 0.9, tonic, 96 if step % 8 == 0 else 84)
        for step in range(0, bar.n_steps, spacing)
    ]


def _approach(rng: np.random.Generator, bar: Bar) -> int:
    return low(bar.following.root) + pick(rng, (-1, 1, 2, -2, 7))

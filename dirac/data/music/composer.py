"""Composes a song: style, tempo, key, form, then every player bar by bar."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from dirac.data.music import drums, form
from dirac.data.music.accompaniment import MANNERS
from dirac.data.music.harmony import draw_progression, draw_scale
from dirac.data.music.song import (
    BASS,
    DRUMS,
    GUITAR,
    ORGAN,
    PIANO,
    STRINGS,
    Bar,
    Note,
    Part,
    Song,
    happens,
    pick,
)
from dirac.data.music.styles import STYLES, Style

# General MIDI programs of each class.
PROGRAMS = {
    BASS: tuple(range(32, 40)),
    PIANO: tuple(range(8)),
    GUITAR: tuple(range(24, 31)),
    ORGAN: tuple(range(16, 21)),
    STRINGS: tuple(range(48, 52)),
}
# About which levels are drawn evenly, in dB.
LEVEL_DB = {DRUMS: 0.0, BASS: 0.0}
LEVEL_OF_OTHERS_DB = -5.5
KICK_DB = (0.0, 10.0)
CHANCE_OF_VARIATION = 0.2

Source = tuple[int, int, int | None, int | None]  # program, bank, patch and tuning of a part
Draw = Callable[[np.random.Generator, Sequence[int], bool], Source]  # of programs; whether drums
Player = Callable[[np.random.Generator, Bar], list[Note]]


def compose(rng: np.random.Generator, duration_seconds: float, level_db: float, draw: Draw) -> Song:
    """A song that lasts at least duration_seconds: drums, bass, piano and mostly two more. Parts
    are up to level_db louder or softer than usual; draw chooses what each is played on."""
    style = pick(rng, STYLES)
    tempo = float(rng.uniform(*style.tempos))
    n_bars = math.ceil(duration_seconds * tempo / 60 / style.n_beats)
    others = [PIANO, pick(rng, (ORGAN, STRINGS)), *([GUITAR] if happens(rng, 0.85) else [])]
    bars = _lay_bars(rng, style, form.plan(rng, n_bars, tuple(others[1:])))
    parts = []
    for inst_class in (DRUMS, BASS, *others):
        played = _play(rng, inst_class, style, bars)
        notes = _humanise(rng, played, style, tempo)
        if notes:
            parts.append(_part(rng, inst_class, style, notes, level_db, draw))
    return Song(style.name, tempo, tuple(bars), tuple(parts))


def _lay_bars(rng: np.random.Generator, style: Style, places: list[form.Place]) -> list[Bar]:
    """The plan with its harmony: each kind of section has its own progression."""
    scale = draw_scale(rng)
    progressions = {
        section: draw_progression(rng, scale, style.n_chord_tones) for section in form.ENERGY
    }
    chords = [
        progressions[place.section][place.index % len(progressions[place.section])]
        for place in places
    ]
    return [
        Bar(
            start=float(number * style.n_beats),
            n_beats=style.n_beats,
            section=place.section,
            is_first=place.index == 0,
            is_last=place.is_last,
            energy=form.ENERGY[place.section],
            present=place.present,
            chords=chords[number],
            following=chords[(number + 1) % len(chords)][0],
            scale=scale,
        )
        for number, place in enumerate(places)
    ]


def _play(rng: np.random.Generator, inst_class: str, style: Style, bars: list[Bar]) -> list[Note]:
    """Each kind of section has its own player and two figures, which alternate and are varied."""
    players = {section: _player(rng, inst_class, style, section) for section in form.ENERGY}
    figures = {section: rng.integers(2**32, size=2) for section in form.ENERGY}
    notes: list[Note] = []
    for number, bar in enumerate(bars):
        if inst_class not in bar.present:
            continue
        figure = np.random.default_rng(figures[bar.section][number % 2])
        is_varied = inst_class == DRUMS or happens(rng, CHANCE_OF_VARIATION)
        notes += players[bar.section](rng if is_varied else figure, bar)
    return drums.balance(rng, notes) if inst_class == DRUMS else notes


def _player(rng: np.random.Generator, inst_class: str, style: Style, section: str) -> Player:
    if inst_class == BASS:
        return _transposed(pick(rng, style.lines), pick(rng, (0, 0, 0, 12)))
    if inst_class != DRUMS:
        return pick(rng, MANNERS[inst_class])
    groove = drums.thin(rng, style.draw_groove(rng), section)
    return lambda generator, bar: drums.play_bar(generator, groove, bar)


def _transposed(player: Player, semitones: int) -> Player:
    def play(rng: np.random.Generator, bar: Bar) -> list[Note]:
        return [note._replace(pitch=note.pitch + semitones) for note in player(rng, bar)]

    return play


def _humanise(
    rng: np.random.Generator, notes: list[Note], style: Style, tempo: float
) -> tuple[Note, ...]:
    """Swing, a player's habit of being early or late, and the scatter of his hands."""
    beats_per_second = tempo / 60
    habit = float(rng.normal(0, 0.006)) * beats_per_second
    scatter = rng.normal(0, style.looseness * beats_per_second, len(notes))
    touch = rng.normal(0, 6, len(notes))
    return tuple(
        note._replace(
            start=max(_swing(note.start, style.swing) + habit + float(scatter[index]), 0.0),
            velocity=min(max(note.velocity + round(float(touch[index])), 1), 127),
        )
        for index, note in enumerate(notes)
    )


def _swing(beat: float, swing: float) -> float:
    """Stretches the first half of each beat to `swing` of it, and shortens the second."""
    whole, part = divmod(beat, 1.0)
    bent = part * 2 * swing if part < 0.5 else swing + (part - 0.5) * 2 * (1 - swing)
    return whole + bent


def _part(
    rng: np.random.Generator,
    inst_class: str,
    style: Style,
    notes: tuple[Note, ...],
    level_db: float,
    draw: Draw,
) -> Part:
    programs = style.kits if inst_class == DRUMS else PROGRAMS[inst_class]
    program, bank, patch, tuning = draw(rng, programs, inst_class == DRUMS)
    level_db = LEVEL_DB.get(inst_class, LEVEL_OF_OTHERS_DB) + float(
        rng.uniform(-level_db, level_db)
    )
    kick_db = float(rng.uniform(*KICK_DB)) if inst_class == DRUMS else 0.0
    return Part(inst_class, program, level_db, notes, bank, patch, tuning, kick_db)

"""The plan of a song: which sections follow each other, and who plays in every bar.

That instruments enter and leave independently of each other is what a decomposition can learn
from: every kind of section draws its players anew, and single bars drop one of them.
"""

from dataclasses import dataclass

import numpy as np

from dirac.data.music.song import BASS, DRUMS, happens, pick

ORDER = ("verse", "chorus", "break", "verse", "chorus", "chorus", "break")
ENERGY = {"intro": 0.4, "verse": 0.6, "chorus": 1.0, "break": 0.5, "outro": 0.5}
CHANCE_OF_OTHERS = {"intro": 0.45, "verse": 0.65, "chorus": 0.9, "break": 0.4, "outro": 0.6}

# Who carries the rhythm in a section, each as likely as the others of its row.
BOTH, ONLY_DRUMS, ONLY_BASS = frozenset({DRUMS, BASS}), frozenset({DRUMS}), frozenset({BASS})
RHYTHM = {
    "intro": (ONLY_DRUMS, ONLY_BASS, BOTH),
    "verse": (BOTH,) * 10 + (ONLY_DRUMS, ONLY_BASS),
    "chorus": (BOTH,),
    "break": (ONLY_DRUMS, ONLY_BASS, ONLY_DRUMS, ONLY_BASS, BOTH),
    "outro": (BOTH, BOTH, ONLY_DRUMS, ONLY_BASS),
}
CHANCE_OF_GAP = 0.06


@dataclass(frozen=True)
class Place:
    """One bar of the plan."""

    section: str
    index: int  # within the section
    is_last: bool
    present: frozenset[str]


def plan(rng: np.random.Generator, n_bars: int, others: tuple[str, ...]) -> list[Place]:
    """n_bars places; drums and bass each play in at least half of them, the last not counted: the
    end of the recording may cut it."""
    while True:
        places = _draw(rng, n_bars, others)
        counted = places[:-1] or places
        n_playing = [sum(name in place.present for place in counted) for name in (DRUMS, BASS)]
        if 2 * min(n_playing) >= len(counted):
            return places


def _draw(rng: np.random.Generator, n_bars: int, others: tuple[str, ...]) -> list[Place]:
    places: list[Place] = []
    for section, length in _sections(rng, n_bars):
        players = _players(rng, section, others)
        gaps = [_gap(rng, section, players) for _ in range(length)]
        places += [
            Place(section, index, index == length - 1, players - gaps[index])
            for index in range(length)
        ]
    return places


def _sections(rng: np.random.Generator, n_bars: int) -> list[tuple[str, int]]:
    """Names and lengths in bars, n_bars in all; short songs get short sections."""
    usual = (4, 4, 4, 2, 3) if n_bars >= 12 else (2, 2, 1)
    sections = [("intro", min(pick(rng, (1, 2, 2, 4)), n_bars))] if happens(rng, 0.7) else []
    n_left = n_bars - sum(length for _, length in sections)
    position = int(rng.integers(len(ORDER)))
    while n_left > 0:
        section = "outro" if n_left <= 2 and sections else ORDER[position % len(ORDER)]
        length = pick(rng, (1, 2, 2)) if section == "break" else pick(rng, usual)
        sections.append((section, min(length, n_left)))
        n_left -= sections[-1][1]
        position += 1
    return sections


def _players(rng: np.random.Generator, section: str, others: tuple[str, ...]) -> frozenset[str]:
    chance = CHANCE_OF_OTHERS[section]
    return pick(rng, RHYTHM[section]) | {name for name in others if happens(rng, chance)}


def _gap(rng: np.random.Generator, section: str, players: frozenset[str]) -> frozenset[str]:
    """Whoever rests for this one bar: drums or bass, never both."""
    if not players >= BOTH or not happens(rng, 2 * CHANCE_OF_GAP):
        return frozenset()
    return pick(rng, (ONLY_DRUMS, ONLY_BASS))

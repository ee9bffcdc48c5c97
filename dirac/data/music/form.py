"""The plan of a song: which sections follow each other, and who plays in every bar.

That instruments enter and leave independently of each other is what a decomposition can learn
from: every section draws its players anew, so that each of drums, bass and piano, and each pair of
them, is heard without the others; single bars drop some of them too.
"""

from dataclasses import dataclass

import numpy as np

from dirac.data.music.song import BASS, DRUMS, PIANO, happens, pick

ORDER = ("verse", "chorus", "break", "verse", "chorus", "chorus", "break")
ENERGY = {"intro": 0.4, "verse": 0.6, "chorus": 1.0, "break": 0.5, "outro": 0.5}
CHANCE_OF_OTHERS = {"intro": 0.45, "verse": 0.65, "chorus": 0.9, "break": 0.4, "outro": 0.6}

# Which of drums, bass and piano play in a section, each as likely as the others of its row.
TRIO = frozenset({DRUMS, BASS, PIANO})
SOLOS = (frozenset({DRUMS}), frozenset({BASS}), frozenset({PIANO}))
PAIRS = (frozenset({DRUMS, BASS}), frozenset({DRUMS, PIANO}), frozenset({BASS, PIANO}))
PLAYERS = {
    "intro": (*SOLOS * 2, SOLOS[1], *PAIRS),
    "verse": (*(TRIO,) * 10, *PAIRS),
    "chorus": (*(TRIO,) * 17, *PAIRS),
    "break": (*SOLOS * 4, SOLOS[1], *PAIRS),
    "outro": (TRIO, *SOLOS * 2, *PAIRS),
}
CHANCE_OF_GAP = 0.08  # that in a bar some of those who play rest
LEAST_SHARES = {DRUMS: 0.5, BASS: 0.5, PIANO: 0.34}  # of the bars, in which each plays


@dataclass(frozen=True)
class Place:
    """One bar of the plan."""

    section: str
    index: int  # within the section
    is_last: bool
    present: frozenset[str]


def plan(rng: np.random.Generator, n_bars: int, others: tuple[str, ...]) -> list[Place]:
    """n_bars places; drums, bass and piano have their least shares of them, the last not counted:
    the end of the recording may cut it. `others` are the instruments besides these three."""
    while True:
        places = _draw(rng, n_bars, others)
        counted = places[:-1] or places
        shares = {
            name: sum(name in place.present for place in counted) / len(counted)
            for name in LEAST_SHARES
        }
        if all(shares[name] >= least for name, least in LEAST_SHARES.items()):
            return places


def _draw(rng: np.random.Generator, n_bars: int, others: tuple[str, ...]) -> list[Place]:
    places: list[Place] = []
    for section, length in _sections(rng, n_bars):
        players = _players(rng, section, others)
        gaps = [_gap(rng, players) for _ in range(length)]
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
    return pick(rng, PLAYERS[section]) | {name for name in others if happens(rng, chance)}


def _gap(rng: np.random.Generator, players: frozenset[str]) -> frozenset[str]:
    """Who rests for this one bar: some of drums, bass and piano, never all that play of them."""
    playing = sorted(players & TRIO)
    if len(playing) < 2 or not happens(rng, CHANCE_OF_GAP):
        return frozenset()
    n_resting = int(rng.integers(1, len(playing)))
    return frozenset(rng.permutation(playing)[:n_resting].tolist())

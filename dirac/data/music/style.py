"""What a style is: tempo, swing, drum grooves and the bass lines that go with them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dirac.data.music import bass, drums
from dirac.data.music.drums import KICK
from dirac.data.music.song import happens, pick


@dataclass(frozen=True)
class Style:
    """swing is where in the beat the second eighth falls (0.5 straight, 2/3 shuffle); looseness is
    the standard deviation of the players' timing in seconds. Each lane offers (drum, pattern)."""

    name: str
    tempos: tuple[float, float]
    lanes: tuple[tuple[tuple[int, str], ...], ...]  # the groove takes one of each row
    extras: Mapping[int, str]  # each now and then
    lines: tuple[bass.Line, ...]
    kits: tuple[int, ...]
    n_chord_tones: int = 3
    n_beats: int = 4
    swing: float = 0.5
    looseness: float = 0.008

    def draw_groove(self, rng: np.random.Generator) -> drums.Groove:
        """One pattern of each lane, some extras, now and then a kick moved by an eighth."""
        groove = dict(pick(rng, lane) for lane in self.lanes)
        groove |= {drum: line for drum, line in self.extras.items() if happens(rng, 0.25)}
        if happens(rng, 0.3) and KICK in groove:
            step = 2 * int(rng.integers(1, 2 * self.n_beats))
            groove[KICK] = groove[KICK][:step] + "x" + groove[KICK][step + 1 :]
        return groove


def lane(drum: int, *patterns: str) -> tuple[tuple[int, str], ...]:
    return tuple((drum, pattern) for pattern in patterns)

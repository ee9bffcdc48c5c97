import itertools

import numpy as np
import pytest

from dirac.data.music.form import plan
from dirac.data.music.song import BASS, DRUMS, PIANO


@pytest.mark.parametrize("n_bars", [1, 2, 3, 7, 24, 100])
def test_plan_has_the_bars_asked_for_and_ends_every_section(n_bars: int) -> None:
    places = plan(np.random.default_rng(0), n_bars, (PIANO,))
    assert len(places) == n_bars
    assert places[-1].is_last
    for place, after in itertools.pairwise(places):
        assert after.index == (0 if place.is_last else place.index + 1)


def test_drums_and_bass_play_at_least_half_of_the_song() -> None:
    for seed in range(50):
        places = plan(np.random.default_rng(seed), 16, (PIANO,))[:-1]
        for name in (DRUMS, BASS):
            assert sum(name in place.present for place in places) >= 7.5

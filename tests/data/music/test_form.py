import itertools

import numpy as np
import pytest

from dirac.data.music.form import plan
from dirac.data.music.song import BASS, DRUMS, GUITAR, PIANO


@pytest.mark.parametrize("n_bars", [1, 2, 3, 7, 24, 100])
def test_plan_has_the_bars_asked_for_and_ends_every_section(n_bars: int) -> None:
    places = plan(np.random.default_rng(0), n_bars, (GUITAR,))
    assert len(places) == n_bars
    assert places[-1].is_last
    for place, after in itertools.pairwise(places):
        assert after.index == (0 if place.is_last else place.index + 1)


def test_everyone_has_a_share_of_the_song() -> None:
    for seed in range(50):
        places = plan(np.random.default_rng(seed), 16, (GUITAR,))[:-1]
        for name, least in ((DRUMS, 7.5), (BASS, 7.5), (PIANO, 5.1)):
            assert sum(name in place.present for place in places) >= least

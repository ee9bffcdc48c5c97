import numpy as np
import pytest

from dirac.data.music.styles import STYLES, Style
from dirac.data.rendering import BALANCE_DB

DIFFERENT = tuple({style.name: style for style in STYLES}.values())


@pytest.mark.parametrize("style", DIFFERENT, ids=lambda style: style.name)
def test_patterns_are_one_bar_of_known_drums(style: Style) -> None:
    patterns = [choice for lane in style.lanes for choice in lane] + list(style.extras.items())
    for drum, pattern in patterns:
        assert drum in BALANCE_DB
        assert len(pattern) == 4 * style.n_beats
        assert set(pattern) <= set(".gxX?rt")
    assert 60 <= style.tempos[0] < style.tempos[1] <= 190


def test_grooves_vary_and_keep_their_length() -> None:
    for style in DIFFERENT:
        rng = np.random.default_rng(0)
        grooves = [style.draw_groove(rng) for _ in range(20)]
        assert len({tuple(groove.items()) for groove in grooves}) > 3
        assert all(len(line) == 4 * style.n_beats for groove in grooves for line in groove.values())

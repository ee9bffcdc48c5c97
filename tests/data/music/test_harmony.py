import numpy as np

from dirac.data.music.harmony import MAJOR, draw_progression, draw_scale


def test_scales_are_seven_tones_of_one_key() -> None:
    for seed in range(20):
        scale = draw_scale(np.random.default_rng(seed))
        assert len(set(scale)) == 7
        assert {(tone - scale[0]) % 12 for tone in scale} >= {0, 2, 5, 7}  # of major and minor


def test_progressions_stay_in_the_key() -> None:
    for seed in range(20):
        bars = draw_progression(np.random.default_rng(seed), MAJOR, 4)
        for chord in (chord for bar in bars for chord in bar):
            assert len(chord.tones) == 4
            assert set(chord.tones) <= set(MAJOR)
            thirds = np.diff([*chord.tones]) % 12
            assert set(thirds) <= {3, 4}

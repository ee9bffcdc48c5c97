import numpy as np
import pytest

from dirac.data.music import drums
from dirac.data.music.song import BASS, GUITAR, ORGAN, PIANO, STRINGS
from dirac.data.rendering import BALANCE_DB
from dirac.data.synthesis import draw_patch, hit, tone

RATE = 24000


def period_shift(samples: np.ndarray, hertz: float) -> float:
    """Cents between the strongest period within a fourth of the expected one and that."""
    n = 2 * len(samples)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(samples, n)) ** 2)
    lag = RATE / hertz
    lags = np.arange(int(0.75 * lag), int(1.33 * lag) + 1)
    peak = lags[correlation[lags].argmax()]
    before, at, after = correlation[peak - 1 : peak + 2]
    exact = peak + 0.5 * (before - after) / (before - 2 * at + after)
    return float(1200 * np.log2(lag / exact))


@pytest.mark.parametrize("inst_class", [BASS, PIANO, GUITAR, STRINGS])
def test_patches_are_in_tune(inst_class: str) -> None:
    for patch in range(12):
        samples = tone(patch, inst_class, 45, 1.0, RATE)[RATE // 5 : RATE].astype(float)
        assert abs(period_shift(samples, 110.0)) < 25, (patch, draw_patch(patch, inst_class).kind)


@pytest.mark.parametrize("inst_class", [BASS, PIANO, GUITAR, ORGAN, STRINGS])
def test_tones_sound_and_end_softly(inst_class: str) -> None:
    for patch in range(8):
        for pitch in (28, 60, 84):
            samples = tone(patch, inst_class, pitch, 0.3, RATE)
            assert samples.dtype == np.float32
            assert np.abs(samples).max() == pytest.approx(0.5)
            assert np.abs(samples[-5:]).max() < 0.01


def test_every_drum_sounds_and_is_the_same_again() -> None:
    for drum in BALANCE_DB:
        stroke = hit(7, drum, RATE)
        assert np.abs(stroke).max() == pytest.approx(0.5)
        np.testing.assert_array_equal(stroke, hit(7, drum, RATE))
        assert not np.array_equal(stroke[:100], hit(8, drum, RATE)[:100])
    with pytest.raises(KeyError, match="no drum 1"):
        hit(7, 1, RATE)


@pytest.mark.parametrize("patch", range(8))
def test_toms_fall_from_high_to_low(patch: int) -> None:
    crossed = [
        np.flatnonzero(np.diff(np.sign(hit(patch, drum, RATE)[RATE // 6 : RATE // 4])))
        for drum in drums.TOMS
    ]
    periods = [2 * np.diff(places).mean() for places in crossed]
    assert (np.diff(periods) > 0).all()

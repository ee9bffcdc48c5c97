import numpy as np

from dirac.data.augment import equaliser, played

RATE = 24_000


def test_a_faster_record_is_shorter_and_higher() -> None:
    """A sine that fades, and the same at 1.25 times its speed."""

    def fading(speed: float, n_samples: int) -> np.ndarray:
        seconds = speed * np.arange(n_samples, dtype=np.float32) / RATE
        return np.sin(2 * np.pi * 2000 * seconds) * np.exp(-3 * seconds)

    faster = played(fading(1.0, RATE), round(RATE / 1.25))
    assert faster.dtype == np.float32
    inside = slice(500, -500)  # its ends ring
    expected = fading(1.25, round(RATE / 1.25))
    np.testing.assert_allclose(faster[inside], expected[inside], atol=0.01)


def test_the_own_speed_changes_nothing() -> None:
    waveforms = np.random.default_rng(0).random((2, 100), np.float32)
    assert np.array_equal(played(waveforms, 100), waveforms)


def test_an_equaliser_keeps_its_mean_and_its_bounds() -> None:
    drawn = [equaliser(1025, RATE / 2, 6.0, np.random.default_rng(n)) for n in range(20)]
    decibels = 20 * np.log10(np.stack(drawn))
    assert np.abs(decibels).max() <= 12
    assert decibels.std(axis=0).min() > 1
    places = np.log1p(np.linspace(0, RATE / 2, 1025) / 700)  # evenly in mel
    means = np.trapezoid(decibels, places, axis=1) / places[-1]
    assert np.abs(means).max() < 0.02

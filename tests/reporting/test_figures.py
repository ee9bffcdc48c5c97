import io

import numpy as np
from PIL import Image

from dirac.reporting.figures import (
    HEIGHT,
    WIDTH,
    hertz_to_mel,
    mel_to_hertz,
    mel_weights,
    picture,
    spectrogram,
)

RATE = 16000


def tone(hertz: float, seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * hertz * time, dtype=np.float32)[None]


def test_mel_scale_is_its_own_inverse() -> None:
    hertz = np.array([0.0, 55.0, 700.0, 8000.0])
    np.testing.assert_allclose(mel_to_hertz(hertz_to_mel(hertz)), hertz, atol=1e-9)


def test_a_flat_spectrum_stays_flat() -> None:
    weights = mel_weights(HEIGHT, 1025, RATE)
    assert weights.shape == (HEIGHT, 1025)
    np.testing.assert_allclose(weights @ np.ones(1025), 1, rtol=1e-5)


def test_a_tone_lies_in_its_own_band() -> None:
    n_bands = 64
    edges = np.linspace(0, float(hertz_to_mel(np.array(RATE / 2))), n_bands + 2)
    for hertz in (440.0, 1000.0, 5000.0):
        loudest = spectrogram(tone(hertz, 1.0), RATE, 10, n_bands)[:, 5].argmax()
        nearest = np.abs(mel_to_hertz(edges[1:-1]) - hertz).argmin()
        assert abs(int(loudest) - int(nearest)) <= 1


def test_columns_spread_over_the_whole_sound() -> None:
    late = tone(440, 1.0)
    late[:, : RATE // 2] = 0
    power = spectrogram(late, RATE, 100, 32).sum(axis=0)
    assert power[:40].max() < 1e-6 * power[60:98].min()


def test_a_sound_shorter_than_the_window_has_a_picture() -> None:
    assert spectrogram(tone(440, 0.01), RATE, WIDTH, HEIGHT).shape == (HEIGHT, WIDTH)


def test_picture_is_a_small_webp_with_low_frequencies_below() -> None:
    power = spectrogram(tone(200, 1.0), RATE, WIDTH, HEIGHT)
    content = picture(power, float(power.max()))
    image = np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=float)
    assert image.shape == (HEIGHT, WIDTH)
    assert image[HEIGHT // 2 :].mean() > 5 * image[: HEIGHT // 2].mean()
    assert len(content) < 30_000
    assert content == picture(power, float(power.max()))


def test_silence_is_dark_and_raises_nothing() -> None:
    power = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    image = Image.open(io.BytesIO(picture(power, 0.0))).convert("L")
    assert np.asarray(image).max() < 10

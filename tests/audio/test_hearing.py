import torch

from dirac.audio.encodec_mini import load_encodec_mini
from dirac.audio.hearing import roots_of_magnitudes
from dirac.audio.spectrogram import Spectrogram


def test_a_spectrogram_is_heard_as_it_stands() -> None:
    codec = Spectrogram(power=0.25, n_fft=1024, n_iterations=1)
    latents = torch.rand(1, 128, 9)
    torch.testing.assert_close(roots_of_magnitudes(latents, codec, codec), latents**2)


def test_latents_of_a_network_are_heard_as_their_sound() -> None:
    """Two tones, one after the other: what is heard is their spectrogram, at 75 Hz."""
    time = torch.arange(24_000) / 24_000
    frequency = torch.where(time < 0.5, 220.0, 880.0)
    waveform = 0.1 * torch.sin(2 * torch.pi * frequency * time)[None, None]
    spectrogram = Spectrogram(power=0.5, n_fft=2048, n_iterations=1)
    codec = load_encodec_mini(None)
    heard = roots_of_magnitudes(codec.encode(waveform), codec, spectrogram)
    expected = spectrogram.encode(waveform)
    assert heard.shape == expected.shape == (1, 128, 75)
    likeness, other = (
        torch.cosine_similarity(heard.flatten(), sound.flatten(), dim=0)
        for sound in (expected, expected.flip(-1))
    )
    assert likeness > 0.8 > 0.5 > other

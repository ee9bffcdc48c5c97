import math

import pytest
import torch

from dirac.audio.spectrogram import Spectrogram, mel_bands, mel_inverse


def sine(frequency: float, amplitude: float, n_samples: int = 24_000) -> torch.Tensor:
    phase = 2 * math.pi * frequency * torch.arange(n_samples) / 24_000
    return amplitude * torch.sin(phase)[None, None]


def chord(seed: int) -> torch.Tensor:
    """Decaying notes with harmonics every quarter of a second: something like music."""
    generator = torch.Generator().manual_seed(seed)
    notes = []
    for _ in range(8):
        pitch = 110 * 2 ** (torch.randint(24, (), generator=generator) / 12)
        harmonics = [sine(float(pitch) * k, 0.3 / k, 6000) for k in range(1, 6)]
        notes.append(sum(harmonics) * torch.exp(-torch.arange(6000) / 3000))
    return torch.cat(notes, dim=-1)


@pytest.fixture(scope="module")
def codec() -> Spectrogram:
    return Spectrogram(power=0.5, n_fft=1024, n_iterations=16)


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(1, 1), (320, 1), (321, 2), (24_000, 75), (168_000, 525)]
)
def test_shapes_for_any_length(codec, n_samples, n_frames):
    latents = codec.encode(torch.randn(2, 1, n_samples))
    assert latents.shape == (2, 128, n_frames)
    assert codec.decode(latents).shape == (2, 1, n_frames * 320)
    assert codec.magnitudes(latents, 2048).shape == (2, 1, 1025, n_frames)


def test_a_sine_lights_its_band_with_its_amplitude():
    # At 3 kHz a band of the HTK scale is 59 Hz wide: a window of 2048 has about one bin in it.
    codec = Spectrogram(power=1.0, n_fft=2048, n_iterations=1)
    latents = codec.encode(sine(3000, 0.5))[0, :, 10:-10].mean(-1)
    step = 2595 * math.log10(1 + 12_000 / 700) / 129
    centres = [700 * (10 ** (step * (k + 1) / 2595) - 1) for k in range(128)]
    nearest = min(range(128), key=lambda k: abs(centres[k] - 3000))
    assert latents.argmax() == nearest
    assert 0.1 < latents.max() < 0.5
    assert latents[[nearest - 6, nearest + 6]].max() < 0.01 * latents.max()
    magnitudes = codec.magnitudes(codec.encode(sine(3000, 0.5)), 2048)[0, 0, :, 10:-10].mean(-1)
    assert abs(int(magnitudes.argmax()) - 3000 / 24_000 * 2048) <= 3


def test_the_power_compresses_what_the_gain_scales():
    waveform = chord(0)
    for power in (0.5, 1.0):
        codec = Spectrogram(power, 1024, 1)
        latents, louder = codec.encode(waveform), codec.encode(4 * waveform)
        torch.testing.assert_close(louder, latents * 4**power)
        torch.testing.assert_close(
            codec.decode(louder), 4 * codec.decode(latents), atol=1e-4, rtol=0
        )


@pytest.mark.parametrize("n_fft", [1024, 2048])
def test_the_round_trip_is_heard_as_the_same(n_fft):
    codec = Spectrogram(0.5, n_fft, 32)
    latents = codec.encode(torch.cat([chord(1), chord(2)]))
    again = codec.encode(codec.decode(latents))
    error = (again - latents).square().mean(dim=(1, 2)) / latents.var(dim=(1, 2))
    assert error.max() < 0.03
    other = (latents[0] - latents[1]).square().mean() / latents[0].var()
    assert other > 0.5  # what the figure is for two different songs


def test_decoding_is_deterministic_and_items_are_independent(codec):
    latents = codec.encode(torch.cat([chord(1), chord(2)]))
    torch.manual_seed(1)
    first = codec.decode(latents)
    torch.manual_seed(2)
    assert torch.equal(codec.decode(latents), first)
    torch.testing.assert_close(codec.decode(latents[1:]), first[1:], atol=1e-4, rtol=0)


@pytest.mark.parametrize("n_samples", [320 * 160, 320 * 131 - 7])
def test_chunks_of_a_long_file_are_the_whole(monkeypatch, n_samples):
    codec = Spectrogram(0.5, 1024, 4)
    waveform = torch.cat([chord(1), chord(2)], dim=-1)[..., :n_samples]
    latents = codec.encode(waveform)
    whole = codec.decode(latents)
    seen = []
    monkeypatch.setattr("dirac.audio.spectrogram.CHUNK", 40)
    monkeypatch.setattr(
        codec, "_decode", lambda z: seen.append(z.shape[-1]) or Spectrogram._decode(codec, z)
    )
    torch.testing.assert_close(codec.encode(waveform), latents)
    seams = (codec.decode(latents) - whole).square().sum() / whole.square().sum()
    assert seams < 1e-10  # -100 dB
    assert len(seen) == 4
    assert max(seen) <= 40 + 2 * 14


def test_silence_stays_silence_and_negative_latents_are_silence(codec):
    silence = codec.encode(torch.zeros(1, 1, 3200))
    assert silence.abs().max() == 0
    assert codec.decode(silence).abs().max() == 0
    assert codec.decode(silence - 1).abs().max() == 0


def test_the_inverse_of_the_bands_is_one_up_to_shared_bins():
    for n_fft, shared in ((1024, 3), (2048, 0)):
        bands, inverse = mel_bands(n_fft), mel_inverse(n_fft)
        torch.testing.assert_close(bands.sum(1), torch.ones(128))
        assert torch.linalg.matrix_rank(bands) == 128 - shared
        torch.testing.assert_close(bands @ inverse @ bands, bands, atol=1e-5, rtol=0)


def test_a_window_too_short_for_the_bands_is_refused():
    with pytest.raises(ValueError, match=r"n_fft 640 leaves \d+ of 128 bands empty"):
        Spectrogram(0.5, 640, 1)

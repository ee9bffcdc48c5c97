import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dirac.audio.spectrogram import Spectrogram
from dirac.evaluation.codec_limits import (
    measure_losses,
    measure_memory,
    measure_size,
    measure_speed,
)

PROJECT = Path(__file__).parents[2]
RATE, HOP = 8000, 10
BALLAST = 600_000_000  # bytes; python and torch take two thirds of that


class Frames(SimpleNamespace):
    """A codec that loses nothing: the samples of a frame are its channels, to a power."""

    sample_rate, hop, frame_rate = RATE, HOP, RATE / HOP
    n_channels, n_audio_channels = HOP, 1

    def encode(self, waveform: torch.Tensor) -> torch.Tensor:
        latents = waveform[:, 0].unflatten(-1, (-1, HOP)).transpose(1, 2)
        return latents.sign() * latents.abs() ** self.power

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        samples = latents.sign() * latents.abs() ** (1 / self.power)
        return samples.transpose(1, 2).flatten(1)[:, None]


class Heavy(Frames):
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        torch.ones(BALLAST // 4).sum()
        return super().decode(latents)


@pytest.fixture
def excerpts() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [0.1 * random.standard_normal((2, 1, RATE)).astype(np.float32) for _ in range(3)]


def measure(codec, excerpts, rate=RATE):
    return measure_losses(codec, excerpts, ["drums", "bass"], rate, silence_db=-50.0)


def test_what_loses_nothing_and_is_linear_has_no_loss_by_any_way(excerpts):
    losses = measure(Frames(power=1.0, exponent=1.0), excerpts)
    assert list(losses) == ["mixture", "drums", "bass", "mean of latents", "mean of stems"]
    for figures in losses.values():
        assert figures["n_excerpts"] == 3
        assert figures["si_sdr"] > 100
        assert figures["multiscale_stft"] < 1e-3
    assert losses["mean of latents"]["latents_db"] > 100


def test_what_is_not_linear_loses_by_composition_alone(excerpts):
    losses = measure(Frames(power=3.0, exponent=1.0), excerpts)
    assert losses["mixture"]["si_sdr"] > 60
    assert losses["mean of stems"]["si_sdr"] > 60
    assert losses["mean of latents"]["si_sdr"] < 20
    # ((a + b) / 2)^3 of unit Gaussians has the variance 15 / 8, (a^3 + b^3) / 2 less that 27 / 8.
    assert losses["mean of latents"]["latents_db"] == pytest.approx(
        10 * math.log10(15 / 27), abs=0.3
    )


def test_a_silent_source_is_not_counted(excerpts):
    excerpts[1][1] = 0
    losses = measure(Frames(power=1.0, exponent=1.0), excerpts)
    assert (losses["drums"]["n_excerpts"], losses["bass"]["n_excerpts"]) == (3, 2)
    losses = measure(Frames(power=1.0, exponent=1.0), [np.zeros_like(excerpts[0])])
    assert losses["mixture"] == {"n_excerpts": 0, "si_sdr": None, "multiscale_stft": None}


def test_a_codec_is_measured_at_the_rate_of_the_music():
    time = np.arange(RATE // 2) / (RATE // 2)
    slow = np.stack([np.sin(2 * np.pi * f * time) for f in (300, 450)])[:, None].astype(np.float32)
    losses = measure(Frames(power=1.0, exponent=1.0), [slow], RATE // 2)
    assert losses["mixture"]["si_sdr"] > 25  # what resampling twice, edges and all, leaves


def test_size_is_counted():
    codec = Spectrogram(0.5, 1024, 1)
    assert measure_size(codec, "float16") == {
        "n_parameters": 0,
        "numbers_per_second": 128 * 75,
        "bytes_per_hour": 3600 * 128 * 75 * 2,
    }
    speed = measure_speed(codec, 0.5)
    assert speed["encode"] > 0
    assert speed["decode"] > 0


def test_the_peak_of_memory_is_that_of_the_round_trip(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT)  # the other process finds this file by it
    assert measure_memory(heavy_codec, 0.1) > BALLAST + 100_000_000


def heavy_codec() -> Heavy:
    return Heavy(power=1.0, exponent=1.0)

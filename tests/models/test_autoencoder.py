"""The training of encodec_mini: its loss by cases with known answers."""

import math

import pytest
import torch

from dirac.audio.encodec_mini import EncodecMini
from dirac.diffusion.draws import Draws
from dirac.models.autoencoder import (
    SILENCE,
    Autoencoder,
    half_averaged,
    spectral_distance,
)
from dirac.models.losses import noise_above_floor


@pytest.fixture
def model() -> Autoencoder:
    torch.manual_seed(0)
    codec = EncodecMini(n_filters=2, n_residual_layers=1, ratios=[2, 4, 5, 8])
    return Autoencoder(codec, gain_db=6.0, noise=0.01, spectrum_weight=0.1)


def test_silence_has_no_distance_from_itself() -> None:
    silence = torch.zeros(2, 1, 4096, requires_grad=True)
    distance = noise_above_floor(silence, torch.zeros(2, 1, 4096), SILENCE).sum()
    distance = distance + spectral_distance(silence[:, 0], torch.zeros(2, 4096))
    assert float(distance.detach()) == pytest.approx(0, abs=1e-5)
    torch.autograd.backward(distance)
    assert silence.grad is not None
    assert silence.grad.isfinite().all()


def test_spectral_distance_of_a_gain_is_its_logarithm() -> None:
    torch.manual_seed(0)
    noise = torch.randn(1, 16_000)
    distance = spectral_distance(noise * 2, noise) / 3  # scales
    assert float(distance) == pytest.approx(math.log(2), rel=1e-2)


def test_half_is_averaged() -> None:
    signals = torch.tensor([[1.0], [2.0], [3.0], [5.0], [7.0]])
    assert half_averaged(signals)[:, 0].tolist() == [1.0, 2.0, 2.0, 3.5, 5.0]
    assert half_averaged(signals[:1])[:, 0].tolist() == [1.0]


def test_it_begins_near_linear_and_learns(model: Autoencoder) -> None:
    torch.manual_seed(1)
    waveform = 1e-4 * torch.randn(1, 1, 6400)
    with torch.no_grad():
        doubled, latents = model.encoder(2 * waveform), model.encoder(waveform)
    assert (doubled - 2 * latents).norm() < 1e-2 * latents.norm()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    batch = 0.1 * torch.sin(torch.arange(8 * 3200).reshape(8, 1, 3200) / 9)
    losses = []
    for _ in range(12):
        terms = model(batch, Draws(8))
        optimiser.zero_grad()
        torch.autograd.backward(terms["loss"])
        optimiser.step()
        losses.append(float(terms["loss"].detach()))
    assert losses[-1] < losses[0] - 0.05


def test_weights_are_named_as_the_codec_names_them(model: Autoencoder) -> None:
    other = EncodecMini(n_filters=2, n_residual_layers=1, ratios=[2, 4, 5, 8])
    other.load_state_dict(model.state_dict())

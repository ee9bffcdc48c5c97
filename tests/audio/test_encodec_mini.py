"""encodec_mini: its shapes, its chunks, the weights that ship, and weights that are none."""

from pathlib import Path

import pytest
import torch

from dirac.audio.encodec_mini import EncodecMini, load_encodec_mini
from dirac.audio.seanet import CHUNK
from dirac.audio.weights import CodecError
from dirac.model_files import save_model

NETWORK = {"n_filters": 2, "n_residual_layers": 1, "ratios": [2, 4, 5, 8]}


@pytest.fixture
def codec() -> EncodecMini:
    torch.manual_seed(0)
    return EncodecMini(**NETWORK).eval()


@pytest.mark.parametrize("n_samples", [1, 319, 320, 321, 7000])
def test_any_length_has_whole_frames(codec: EncodecMini, n_samples: int) -> None:
    n_frames = -(-n_samples // 320)
    latents = codec.encode(torch.randn(2, 1, n_samples))
    assert latents.shape == (2, 128, n_frames)
    assert codec.decode(latents).shape == (2, 1, 320 * n_frames)


def test_chunks_give_the_result_of_the_whole(codec: EncodecMini) -> None:
    waveform = torch.randn(1, 1, 320 * (2 * CHUNK + 7))
    with torch.no_grad():
        latents = codec.encoder(waveform)
        torch.testing.assert_close(codec.encode(waveform), latents, rtol=0, atol=1e-5)
        torch.testing.assert_close(codec.decode(latents), codec.decoder(latents), rtol=0, atol=1e-5)


def test_ratios_are_those_of_75_hz() -> None:
    with pytest.raises(ValueError, match="multiply to 320"):
        EncodecMini(n_filters=2, n_residual_layers=1, ratios=[2, 4])


def test_weights_of_a_folder(codec: EncodecMini, tmp_path: Path) -> None:
    save_model(tmp_path, codec.state_dict(), {"network": NETWORK})
    loaded = load_encodec_mini(tmp_path)
    waveform = torch.randn(1, 1, 3200)
    assert torch.equal(loaded.encode(waveform), codec.encode(waveform))
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_folders_without_its_weights(codec: EncodecMini, tmp_path: Path) -> None:
    with pytest.raises(CodecError, match=r"no model in .*codec\.weights=null"):
        load_encodec_mini(tmp_path)
    save_model(tmp_path, {"a": torch.zeros(2)}, {"model": {}})
    with pytest.raises(CodecError, match="no whole model of encodec_mini"):
        load_encodec_mini(tmp_path)
    save_model(tmp_path, {"a": torch.zeros(2)}, {"network": NETWORK})
    with pytest.raises(CodecError, match="no whole model of encodec_mini"):
        load_encodec_mini(tmp_path)


def test_the_weights_that_ship_give_waveforms_back() -> None:
    """Two strings of a guitar, plucked, and a hiss: nothing it was trained on."""
    codec = load_encodec_mini(None)
    seconds = torch.arange(24_000) / 24_000
    plucked = torch.exp(-6 * (seconds % 0.5))
    waveform = 0.2 * plucked * (torch.sin(2765 * seconds) + 0.5 * torch.sin(4153 * seconds))
    waveform = waveform[None, None]
    error = codec.decode(codec.encode(waveform)) - waveform
    assert 10 * torch.log10(waveform.square().sum() / error.square().sum()) > 15

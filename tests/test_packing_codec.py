"""A model on a codec that was trained with it: one folder, packed or not."""

from pathlib import Path

import torch

from dirac.audio.encodec_mini import EncodecMini
from dirac.model_files import load_model, save_model
from dirac.models.decomposition import Decomposition
from dirac.packing import pack
from dirac.params import load_params
from dirac.separation.separator import Separator

from .tiny_models import card

PROJECT = Path(__file__).parents[1]


def test_a_codec_that_was_trained_here_goes_with_the_model(tmp_path: Path) -> None:
    made = card()
    made["model"]["exponent"] = 1.0
    made["codec"]["name"] = "encodec_mini"
    state = Decomposition(**made["model"]).state_dict()
    save_model(tmp_path / "model", state, made)
    network = {"n_filters": 2, "n_residual_layers": 1, "ratios": [2, 4, 5, 8]}
    codec = EncodecMini(**network)
    data = {"root": "/home/me/unreleased", "synthetic": {"banks": ["/usr/share/sf2", "kits"]}}
    of_codec = {"network": network, "params": {"seed": 3, "data": data}}
    save_model(tmp_path / "model" / "codec", codec.state_dict(), of_codec)
    pack(tmp_path / "model", tmp_path / "packed", load_params(PROJECT / "params.yaml"), None, None)
    found = load_model(tmp_path / "packed" / "codec")[1]["params"]
    named = {"root": "unreleased", "synthetic": {"banks": ["sf2", "kits"]}}
    assert found == {"seed": 3, "data": named}
    packed = Separator.load(tmp_path / "packed")
    waveform = torch.randn(1, 1, 3200, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        packed.codec.encode(waveform), codec.encode(waveform), rtol=0, atol=1e-2
    )

from pathlib import Path

import pytest
import torch

from dirac.model_files import CheckpointError, load_model, save_model
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import begun_with, go_on

from .. import tiny_models


def decomposition_of(n_component_channels: int) -> Decomposition:
    shape = tiny_models.card()["model"]
    shape["encoder"]["n_component_channels"] = n_component_channels
    return Decomposition(**shape).eval()


def test_a_model_goes_on_with_wider_components(tmp_path: Path) -> None:
    start = tiny_models.write_decomposition(tmp_path / "start")  # components of two channels
    old, new = tiny_models.decomposition().eval(), decomposition_of(5)
    go_on(new, start, homogeneous=False)
    latents = torch.rand(2, old.n_channels, 12)
    with torch.no_grad():
        components, wider = old.encode(latents), new.encode(latents)
        assert wider.shape == (2, 2, 5, 12)
        torch.testing.assert_close(wider[:, :, :2], components)
        assert (wider[:, :, 2:].std(dim=-1) > 0).all()
        torch.testing.assert_close(new.regress(wider), old.regress(components))


def test_a_model_goes_on_with_no_other_shape(tmp_path: Path) -> None:
    start = tiny_models.write_decomposition(tmp_path / "start")
    shape = tiny_models.card()["model"]
    shape["encoder"] |= {"n_component_channels": 5, "channels": [16]}
    for other in (decomposition_of(1), Decomposition(**shape)):
        with pytest.raises(CheckpointError, match="in the file"):
            go_on(other, start, homogeneous=False)


def test_a_model_goes_on_from_no_prior(tmp_path: Path) -> None:
    start, card = tiny_models.write_prior(tmp_path / "start"), tiny_models.card()
    with pytest.raises(CheckpointError, match="is no decomposition"):
        go_on(decomposition_of(5), start, homogeneous=False)
    with pytest.raises(CheckpointError, match="is no decomposition"):
        begun_with(start, card["model"], card["codec"])
    with pytest.raises(CheckpointError, match="there is no trained model in"):
        begun_with(tmp_path / "nowhere", card["model"], card["codec"])


@pytest.mark.parametrize("saw_stems", [False, True])
def test_a_card_tells_what_its_model_began_with(tmp_path: Path, saw_stems: bool) -> None:
    card = tiny_models.card() | {"saw_stems": saw_stems}
    save_model(tmp_path, tiny_models.decomposition().state_dict(), card)
    told = begun_with(tmp_path, card["model"], card["codec"])
    assert told.pop("begun_with") == load_model(tmp_path)[1]["sha256"]
    assert told == ({"saw_stems": True} if saw_stems else {})


@pytest.mark.parametrize(
    ("model", "codec", "said"),
    [
        ({"target": "velocity"}, {}, "target data, not velocity"),
        ({"composition": "sum"}, {"name": "encodec_mini"}, "mean, not sum and codec spectrogram"),
        ({}, {"spectrogram": tiny_models.SPECTROGRAM | {"power": 0.3}}, "power 0.5, not 0.3"),
    ],
)
def test_a_model_goes_on_with_what_it_has_heard(
    tmp_path: Path, model: dict[str, str], codec: dict[str, object], said: str
) -> None:
    start, card = tiny_models.write_decomposition(tmp_path / "start"), tiny_models.card()
    with pytest.raises(CheckpointError, match=said):
        begun_with(start, card["model"] | model, card["codec"] | codec)
    decoding = tiny_models.SPECTROGRAM | {"n_iterations": 99}
    begun_with(start, card["model"], card["codec"] | {"spectrogram": decoding})

from pathlib import Path

import pytest
import torch

from dirac.model_files import CheckpointError
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import go_on

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
    start = tiny_models.write_prior(tmp_path / "start")
    with pytest.raises(CheckpointError, match="is no decomposition"):
        go_on(decomposition_of(5), start, homogeneous=False)

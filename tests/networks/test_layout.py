"""Networks whose channels lie side by side in memory, as they do in bfloat16 on a CPU."""

import pytest
import torch
from torch import Tensor, nn

from dirac.networks.encoders import CurveEncoder
from dirac.networks.layers import Conv1d, GroupNorm, SelfAttention
from dirac.networks.layout import as_products_want
from dirac.networks.unet import UNet

DENOISER = {"channels": (8, 12, 16), "kernels": (5, 3), "strides": (2, 3), "n_groups": 4}


class Sides(nn.Module):
    """A U-Net of one argument."""

    def __init__(self) -> None:
        super().__init__()
        rest = {"attention": (True, True), "n_embedding": 6, "dropout": 0.0}
        self.unet = UNet(4, 2, **DENOISER, **rest)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.unet(x, torch.tensor([0.3, 0.6]), x[:, 1:3])
        return result


@pytest.fixture
def in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Laid out as there, in float32, so that it can be compared."""
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: device == "cpu")


def results_of(network: nn.Module, x: Tensor) -> list[Tensor]:
    """What comes out, and the gradients of all weights and of what goes in."""
    x = x.clone().requires_grad_()
    y = network(x)
    weights = list(network.parameters())
    towards = torch.linspace(-1, 1, y.numel()).view_as(y)
    return [y.detach(), *torch.autograd.grad((towards * y).sum(), [x, *weights])]


@pytest.mark.parametrize("network", [CurveEncoder(4, (6, 8), 2, 3, dilated=True), Sides()])
def test_they_give_and_learn_the_same(network: nn.Module, request: pytest.FixtureRequest) -> None:
    generator = torch.Generator().manual_seed(0)
    for weight in network.parameters():  # some begin at zero and so hide those before them
        nn.init.normal_(weight, std=0.3, generator=generator)
    x = torch.randn(2, 4, 22, generator=generator)
    apart = results_of(network, x)
    request.getfixturevalue("in_bfloat16")
    beside = results_of(network, x)
    assert beside[0].stride(-1) == 1  # for what follows the network
    assert any(not torch.equal(*pair) for pair in zip(apart, beside, strict=True))
    torch.testing.assert_close(beside, apart, atol=1e-4, rtol=1e-4)


@pytest.mark.usefixtures("in_bfloat16")
@pytest.mark.parametrize("layer", [Conv1d(8, 6, 3), GroupNorm(2, 8), SelfAttention(8)])
def test_a_layer_leaves_them_so(layer: nn.Module) -> None:
    x = as_products_want(torch.randn(2, 8, 7))
    assert x.mT.is_contiguous()
    assert layer(x).mT.is_contiguous()
    assert layer(x.contiguous()).is_contiguous()

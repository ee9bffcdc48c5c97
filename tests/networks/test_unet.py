import pytest
import torch

from dirac.networks.unet import UNet


def tiny(strides: tuple[int, ...] = (2, 2), attention: bool = False) -> UNet:
    torch.manual_seed(0)
    n = len(strides)
    return UNet(
        3, 2, [8, 12, 16, 8][: n + 1], [5, 3, 3][:n], strides, [*[False] * (n - 1), attention],
        n_groups=4, n_embedding=16, dropout=0.0,
    )  # fmt: skip


@pytest.mark.parametrize("strides", [(1,), (2, 2), (2, 3), (3, 1, 2), (4,), (5, 2)], ids=str)
@pytest.mark.parametrize("n_frames", [1, 2, 7, 24, 61])
def test_the_prediction_is_like_the_signal_at_any_length(
    strides: tuple[int, ...], n_frames: int
) -> None:
    network = tiny(strides, attention=True)
    blended, condition = torch.randn(2, 3, n_frames), torch.randn(2, 2, n_frames)
    prediction = network(blended, torch.rand(2), condition)
    assert prediction.shape == blended.shape
    assert prediction.isfinite().all()


def test_every_input_matters() -> None:
    network = tiny()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    inputs = [torch.randn(2, 3, 16), torch.rand(2), torch.randn(2, 2, 16)]
    before = network(*inputs)
    for i in range(3):
        other = [x + 0.5 if j == i else x for j, x in enumerate(inputs)]
        assert (network(*other) - before).abs().max() > 1e-4


def test_examples_do_not_mix() -> None:
    network = tiny(attention=True)
    inputs = (torch.randn(3, 3, 16), torch.rand(3), torch.randn(3, 2, 16))
    alone = torch.cat([network(*(x[i : i + 1] for x in inputs)) for i in range(3)])
    torch.testing.assert_close(network(*inputs), alone, atol=1e-5, rtol=1e-4)


def test_every_parameter_learns() -> None:
    network = tiny(attention=True)
    for parameter in network.parameters():  # some begin at zero and so hide those before them
        torch.nn.init.normal_(parameter, std=0.1)
    inputs = (torch.randn(2, 3, 16), torch.rand(2), torch.randn(2, 2, 16))
    network(*inputs).square().sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []

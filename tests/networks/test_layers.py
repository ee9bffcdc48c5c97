import pytest
import torch
from torch import Tensor

from dirac.networks.layers import ConditionedBlock, FeatureModulation, ResidualBlock, SelfAttention


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def test_a_modulation_begins_as_the_identity() -> None:
    modulation = FeatureModulation(6, 4)
    x, embedding = torch.randn(2, 4, 5), torch.randn(2, 6)
    assert torch.equal(modulation(x, embedding), x)


def test_a_modulation_scales_and_shifts_channels() -> None:
    modulation = FeatureModulation(6, 2)
    torch.nn.init.constant_(modulation.layers[-1].bias, 0)
    modulation.layers[-1].bias.data = torch.tensor([1.0, -1.0, 3.0, 0.0])
    x = torch.randn(2, 2, 5)
    changed = modulation(x, torch.randn(2, 6))
    torch.testing.assert_close(changed[:, 0], 2 * x[:, 0] + 3)
    torch.testing.assert_close(changed[:, 1], 0 * x[:, 1])


def test_a_residual_block_of_zero_weights_is_its_skip() -> None:
    block = ResidualBlock(4, 3)
    x = torch.randn(2, 4, 7)
    assert not torch.allclose(block(x), x)
    torch.nn.init.zeros_(block.layers[-1].weight)
    torch.nn.init.zeros_(block.layers[-1].bias)
    assert torch.equal(block(x), x)


def reach(layer: torch.nn.Module, n_frames: int, frame: int) -> list[int]:
    """Output frames that change when an input frame does."""
    x = torch.randn(1, 4, n_frames)
    nudged = x.clone()
    nudged[..., frame] += 1
    differs = (layer(x) - layer(nudged)).abs().amax(dim=(0, 1)) > 1e-6
    return differs.nonzero().flatten().tolist()


def test_a_residual_block_sees_two_kernels_far_and_attention_everything() -> None:
    assert reach(ResidualBlock(4, 3), 20, 10) == list(range(8, 13))
    assert reach(SelfAttention(4), 20, 10) == list(range(20))


@pytest.mark.parametrize(("n_in", "n_out"), [(8, 8), (8, 12)])
def test_a_conditioned_block_follows_each_of_its_inputs(n_in: int, n_out: int) -> None:
    block = ConditionedBlock(n_in, n_out, 3, 2, 6, n_groups=4, dropout=0.0)
    torch.nn.init.normal_(block.modulation.layers[-1].weight)
    inputs = [torch.randn(3, n_in, 10), torch.randn(3, 6), torch.randn(3, 2, 10)]
    before = block(*inputs)
    assert before.shape == (3, n_out, 10)
    for i in range(3):
        other = [x + torch.randn_like(x) if j == i else x for j, x in enumerate(inputs)]
        assert not torch.allclose(block(*other), before)


def test_dropout_is_of_training_only() -> None:
    block = ConditionedBlock(8, 8, 3, 1, 6, n_groups=4, dropout=0.5)
    inputs = (torch.randn(2, 8, 10), torch.randn(2, 6), torch.randn(2, 1, 10))
    assert not torch.equal(block(*inputs), block(*inputs))
    block.eval()
    assert torch.equal(block(*inputs), block(*inputs))


def test_attention_does_not_know_the_order_of_frames() -> None:
    attention = SelfAttention(64)
    x, order = torch.randn(2, 64, 9), torch.randperm(9)
    torch.testing.assert_close(attention(x[..., order]), attention(x)[..., order])
    assert attention.n_heads == 2


@pytest.mark.parametrize(("n_channels", "n_heads"), [(4, 1), (96, 3), (112, 2), (208, 4)])
def test_heads_divide_the_channels(n_channels: int, n_heads: int) -> None:
    attention = SelfAttention(n_channels)
    assert attention(torch.randn(1, n_channels, 3)).shape == (1, n_channels, 3)
    assert attention.n_heads == n_heads


def test_attention_of_one_frame_is_a_linear_map_of_it() -> None:
    attention = SelfAttention(4)
    x = torch.randn(2, 4, 1)

    def linear(x: Tensor) -> Tensor:
        value = attention.project_in(attention.norm(x)).chunk(3, dim=1)[2]
        return x + attention.project_out(value)

    torch.testing.assert_close(attention(x), linear(x))

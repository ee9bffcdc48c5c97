import pytest
import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver
from dirac.models.prior import MaskedPrior, draw_hidden

DENOISER = {
    "channels": [8, 12],
    "kernels": [3],
    "strides": [2],
    "attention": [True],
    "n_groups": 4,
    "n_embedding": 16,
    "dropout": 0.0,
}


def make(n_components: int = 3, n_component_channels: int = 2, target: str = "data") -> MaskedPrior:
    torch.manual_seed(0)
    return MaskedPrior(n_components, n_component_channels, target, 0.5, DENOISER)


class Answer(nn.Module):
    """A denoiser with an answer ready, (channels, 1) or (1,), that keeps what it was asked."""

    def __init__(self, answer: Tensor):
        super().__init__()
        self.answer = answer

    def forward(self, blended: Tensor, alpha: Tensor, condition: Tensor) -> Tensor:
        self.asked = (blended, alpha, condition)
        return self.answer.expand(blended.shape)


@pytest.mark.parametrize("hide_all", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n_components", [2, 3])
def test_masks_hide_all_as_often_as_said_and_the_others_equally(
    n_components: int, hide_all: float
) -> None:
    torch.manual_seed(0)
    n = 20_000
    masks = draw_hidden(torch.zeros(n), n_components, hide_all, Draws(n))
    assert masks.shape == (n, n_components)
    assert masks.dtype == torch.bool
    kinds = (masks * 2 ** torch.arange(n_components)).sum(1).bincount(minlength=2**n_components)
    shares = kinds / n
    others = 2**n_components - 2
    expected = [0.0, *[(1 - hide_all) / others] * others, hide_all]
    assert shares.tolist() == pytest.approx(expected, abs=0.015)
    assert shares[0] == 0


def test_of_one_component_all_is_hidden() -> None:
    assert draw_hidden(torch.zeros(50), 1, 0.0, Draws(50)).all()


def test_the_largest_number_of_components() -> None:
    masks = draw_hidden(torch.zeros(2000), 32, 0.0, Draws(2000))
    assert masks.any(dim=1).all()
    assert masks.float().mean(dim=0).tolist() == pytest.approx([0.5] * 32, abs=0.06)


@pytest.mark.parametrize("n_frames", [1, 7, 16, 40])
@pytest.mark.parametrize("target", ["data", "velocity"])
def test_visible_components_come_back_as_they_were(target: str, n_frames: int) -> None:
    model = make(target=target)
    components, noise = torch.randn(2, 4, 3, 2, n_frames)
    model.fit_scale(3 * components + 1)
    hidden = torch.tensor([[1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0]]).bool()
    generated = model.generate(components, hidden, noise, Solver(3, 2), n_frames=16)
    assert generated.shape == components.shape
    assert torch.equal(generated[~hidden], components[~hidden])
    assert not torch.isclose(generated[hidden], components[hidden]).all()


def test_hidden_components_do_not_know_what_was_there() -> None:
    model = make()
    components, noise = torch.randn(2, 4, 3, 2, 8)
    hidden = torch.tensor([[True, False, True]]).expand(4, 3)
    generated = model.generate(components, hidden, noise, Solver(3, 2), n_frames=16)
    other = torch.where(hidden[..., None, None], torch.randn_like(components), components)
    assert torch.equal(model.generate(other, hidden, noise, Solver(3, 2), n_frames=16), generated)


def test_an_exact_denoiser_generates_its_point_in_the_components_scale() -> None:
    model = make()
    model.fit_scale(4 * torch.randn(50, 3, 2, 100) + 7)
    point = torch.arange(6.0)
    model.denoiser = Answer(point[:, None])
    components, noise = torch.randn(2, 4, 3, 2, 8)
    generated = model.generate(
        components, torch.ones(4, 3).bool(), noise, Solver(5, 1), n_frames=16
    )
    expected = point.reshape(3, 2) * model.deviation + model.mean
    torch.testing.assert_close(generated, expected[None, :, :, None].expand_as(generated))


def test_the_scale_is_that_of_the_training_components() -> None:
    model = make()
    level = torch.tensor([[0.1, 1.0], [2.0, 3.0], [4.0, 0.0]])
    model.fit_scale(level[..., None] * torch.randn(100, 3, 2, 200) + level[..., None])
    torch.testing.assert_close(model.mean, level, rtol=0.05, atol=0.01)
    torch.testing.assert_close(model.deviation, level.clamp_min(1e-3), rtol=0.05, atol=0.01)


def test_the_network_sees_the_visible_clean_the_hidden_noised_and_the_mask() -> None:
    model = make()
    model.denoiser = Answer(torch.zeros(1))
    components = torch.randn(200, 3, 2, 8)
    model(components[:, None])
    blended, alpha, mask = model.denoiser.asked
    hidden = mask.bool()
    assert torch.equal(mask, mask[..., :1].expand(200, 3, 8))
    assert hidden[..., 0].any(dim=1).all()
    shown = blended.reshape(components.shape) == components
    assert torch.equal(shown.all(dim=2), ~hidden)
    assert ((alpha >= 0) & (alpha < 1)).all()


def test_what_is_visible_is_seen_in_the_last_view_and_what_is_hidden_learnt_from_the_first() -> (
    None
):
    model = make()
    model.denoiser = Answer(torch.zeros(1))
    own, seen = torch.zeros(50, 3, 2, 8), torch.full((50, 3, 2, 8), 7.0)
    terms = model(torch.stack([own, seen], dim=1))
    blended, alpha, mask = model.denoiser.asked
    hidden = mask[..., 0].bool()
    blended = blended.reshape(own.shape)
    assert (blended[~hidden] == 7).all()
    assert not (blended[hidden] == 7).any()
    assert float(terms["loss"]) == 0  # predicted is 0, which the first view is
    assert ((alpha >= 0) & (alpha < 1)).all()


def test_the_loss_is_that_of_the_hidden_alone() -> None:
    model = make(n_components=2, n_component_channels=1)
    model.denoiser = Answer(torch.zeros(1))
    # The error of predicting 0 is 1 for the first component and 9 for the second.
    components = torch.tensor([1.0, 3.0])[:, None, None].expand(400, 2, 1, 4)
    terms = model(components[:, None])
    hidden = model.denoiser.asked[2][..., 0]
    errors = (hidden * torch.tensor([1.0, 9.0])).sum(dim=1) / hidden.sum(dim=1)
    torch.testing.assert_close(terms["loss"], errors.mean())


@pytest.mark.parametrize("target", ["data", "velocity"])
def test_the_network_learns(target: str) -> None:
    model = make(target=target)
    model(torch.randn(8, 1, 3, 2, 16))["loss"].backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert any(parameter.grad.any() for parameter in model.parameters())

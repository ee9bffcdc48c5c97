"""Components that are shares of a projection, which another one projects back."""

import math

import pytest
import torch

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver
from dirac.models.losses import LIKE_SQUARES, relative_errors, share_errors

from .test_decomposition import Answer, make


@torch.no_grad()
def test_what_projects_back_is_regressed_and_joins_the_prediction() -> None:
    model = make(gated=True)
    assert model.projection is not None
    components, noise = model.encode(torch.randn(2, 3, 8)), torch.randn(2, 2, 3, 8)
    parts = model.regress(components)
    projected = model.projection(components.flatten(0, 1)).unflatten(0, (2, 2))
    torch.testing.assert_close(parts, projected)
    once = Solver(1, 1)
    rendered = model.render(components, noise, once)
    for parameter in model.projection.parameters():
        parameter.zero_()
    torch.testing.assert_close(rendered - model.render(components, noise, once), projected)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_all_of_a_batch_regresses_and_the_denoiser_sees_its_first(share: float) -> None:
    model = make(gated=True, composition="sum", regression_share=share)
    model.denoiser = Answer(torch.zeros(1))  # so that it predicts what is regressed
    anchors = torch.randn(10, 2, 3, 8)
    parts = model.regress(model.encode(anchors.sum(1)))
    error = (parts - anchors).square()
    terms = model._anchor_losses(anchors, Draws(10))
    _, alpha, _ = model.denoiser.asked
    n_denoised = math.ceil((1 - share) * 10)
    assert len(alpha) == 2 * n_denoised
    assert alpha.all()
    denoising = error[:n_denoised].mean() if n_denoised else 0.0
    regression = LIKE_SQUARES * relative_errors(parts, anchors).mean()
    torch.testing.assert_close(terms["rendering"], share * regression + (1 - share) * denoising)


def test_a_denoiser_that_is_never_asked_stays_as_it_is() -> None:
    model = make(gated=True, regression_share=1.0)
    model(torch.randn(4, 3, 3, 16))["loss"].backward()
    assert all(p.grad is None for p in model.denoiser.parameters())
    assert model.projection is not None
    assert all(
        p.grad is not None for n in (model.encoder, model.projection) for p in n.parameters()
    )
    plain = make(regression_share=1.0)  # the one that regresses
    plain(torch.randn(4, 3, 3, 16))["loss"].backward()
    assert all(p.grad is not None for p in plain.denoiser.parameters())


def test_magnitudes_that_are_regressed_share_out_the_remix() -> None:
    model = make(gated=True, composition="mean", exponent=2.0, interference=0.0)
    anchors = torch.rand(4, 2, 3, 8) + 0.1
    parts = model.regress(model.encode(model.compose(anchors)))
    assert (parts >= 0).all()
    masking = model._anchor_losses(anchors, Draws(4))["masking"]
    torch.testing.assert_close(masking, share_errors(parts, anchors, 2.0).mean())


@pytest.mark.parametrize("world_size", [2, 4])
def test_shares_of_a_batch_have_its_losses_on_average(world_size: int) -> None:
    torch.manual_seed(0)
    batch, losses = torch.randn(4, 3, 3, 16), []
    for rank, size in [(0, 1), *((rank, world_size) for rank in range(world_size))]:
        model = make(gated=True, regression_share=0.75)
        chance = torch.Generator().manual_seed(0)
        loss = model(batch[rank::size], Draws(4, rank, size, chance))["loss"]
        loss.backward()
        networks = (model.encoder, model.denoiser, model.projection)
        assert all(p.grad is not None for network in networks for p in network.parameters())
        losses.append(loss.detach())
    torch.testing.assert_close(torch.stack(losses[1:]).mean(), losses[0])

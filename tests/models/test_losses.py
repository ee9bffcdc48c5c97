"""Losses by cases with known answers."""

import pytest
import torch
from torch import nn

from dirac.diffusion.draws import Draws
from dirac.models.losses import (
    FLOOR,
    LIKE_SQUARES,
    noise_above_floor,
    relative_errors,
    share_errors,
)

from .test_decomposition import Answer, make


def test_noise_of_known_errors() -> None:
    reference = torch.ones(4, 1, 100)
    estimate = reference * torch.tensor([1.0, 0.9, 0.0, 2.0])[:, None, None]
    distance = noise_above_floor(estimate, reference, silence=0.25)
    wanted = torch.log10(1 + torch.tensor([0, 0.01, 1, 1]) / (FLOOR + 0.25))
    torch.testing.assert_close(distance, wanted)


def test_a_soft_part_counts_as_a_loud_one_does_and_a_faint_error_in_silence_hardly() -> None:
    anchors = torch.ones(1, 3, 8, 50) * torch.tensor([1.0, 3.0, 0.0])[:, None, None]
    errors = torch.tensor([0.2, 0.6, 0.002])[:, None, None]
    soft, loud, silent = relative_errors(anchors + errors, anchors)[0].tolist()
    assert loud == pytest.approx(soft, rel=0.03)
    assert 0 < silent < soft / 50


def test_weighed_they_are_as_steep_as_the_mean_square_where_it_is_an_eighth() -> None:
    anchors = torch.ones(2, 2, 8, 50)
    off = torch.tensor(0.125**0.5, requires_grad=True)
    steep = [
        torch.autograd.grad(error.mean(), off)[0]
        for error in (
            LIKE_SQUARES * relative_errors(anchors + off, anchors),
            (off * anchors).square(),
        )
    ]
    torch.testing.assert_close(steep[0], steep[1], rtol=0.06, atol=0)


def test_the_shares_of_the_right_parts_are_the_anchors() -> None:
    anchors = torch.rand(4, 2, 3, 8) + 0.1
    torch.testing.assert_close(share_errors(anchors, anchors, 2.0), torch.zeros(4, 2))
    torch.testing.assert_close(share_errors(5 * anchors, anchors, 2.0), torch.zeros(4, 2))
    # Each gets the other's share: an error of the difference of amplitudes, halved by the mean.
    amplitudes = anchors.square() / 2
    error = (amplitudes[:, 0] - amplitudes[:, 1]).square().mean(dim=(1, 2))
    floor = FLOOR * amplitudes.square().mean(dim=(2, 3)) + 1e-4
    swapped = share_errors(anchors.flip(1), anchors, 2.0)
    torch.testing.assert_close(swapped, torch.log10(1 + error[:, None] / floor))


def test_what_regresses_alone_shares_out_the_remix() -> None:
    model = make(exponent=2.0, regression_share=0.25)
    model.denoiser = Answer(torch.randn(3, 1))
    anchors = torch.rand(40, 2, 3, 8) + 0.1
    masking = model._anchor_losses(anchors, Draws(40))["masking"]
    regresses = model.denoiser.asked[1][::2] == 0
    parts = nn.functional.softplus(model.denoiser.answer).expand(anchors.shape)
    errors = share_errors(parts, anchors, 2.0).mean(dim=1)
    torch.testing.assert_close(masking, errors[regresses].sum() / (0.25 * 40))

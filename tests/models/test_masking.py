"""The loss of the parts' shares in a remix."""

import torch

from dirac.diffusion.draws import Draws

from .test_decomposition import make


def test_the_masking_loss_weighs_what_is_regressed_alone() -> None:
    anchors = torch.rand(4, 2, 3, 8) + 0.1
    sampled = make(exponent=2.0, regression_share=0.0, masking_weight=3.0)
    assert sampled._anchor_losses(anchors, Draws(4))["masking"] == 0
    model = make(exponent=2.0, regression_share=1.0, masking_weight=3.0)
    terms = model(torch.cat([anchors[:, :1], anchors], dim=1))
    expected = terms["rendering"] + terms["composition"] + 3.0 * terms["masking"]
    assert terms["masking"] > 0
    torch.testing.assert_close(terms["loss"], expected)

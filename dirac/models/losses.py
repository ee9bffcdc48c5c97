"""How far estimates are from what they should be: in decibels, and as shares of a mixture."""

import torch
from torch import Tensor

# Of a reference's power: errors below it count for little more, so that the loud and simple, which
# are right already, leave the networks to the rest.
FLOOR = 1e-3

# Bels times this are as steep as a mean square is where it is an eighth.
LIKE_SQUARES = 0.3


def noise_above_floor(estimate: Tensor, reference: Tensor, silence: float) -> Tensor:
    """log10(1 + ||estimate - reference||^2 / (FLOOR ||reference||^2 + silence)), mean squares;

    (batch, ...) -> (batch,). In bels: how far the power of the error is above FLOOR of the
    reference's. A logarithm, as in SI-SDR, so that what is soft counts as what is loud does.
    """
    power = reference.square().flatten(1).mean(dim=1)
    error = (estimate - reference).square().flatten(1).mean(dim=1)
    return torch.log10(1 + error / (FLOOR * power + silence))


def relative_errors(parts: Tensor, anchors: Tensor) -> Tensor:
    """`noise_above_floor` of each part, (batch, components, ...) -> (batch, components), of latents

    whose mean square is about 1.
    """
    errors = noise_above_floor(parts.flatten(0, 1), anchors.flatten(0, 1), silence=1e-4)
    return errors.reshape(parts.shape[:2])


def share_errors(parts: Tensor, anchors: Tensor, exponent: float) -> Tensor:
    """`relative_errors` of the shares p_i^e / sum_j p_j^e X of parts, references a_i^e / N.

    parts p, anchors a: (batch, components N, channels, frames), magnitudes; e is `exponent`: in
    amplitudes. X, the mean of a_j^e, is the mixture: what the refined estimates make of the parts
    (`separation.refine`) is trained, and not their likeness alone.
    """
    powers = parts.float().clamp_min(1e-3) ** exponent
    references = anchors.float() ** exponent / parts.shape[1]
    mixture = references.sum(dim=1, keepdim=True)
    shared = powers / powers.sum(dim=1, keepdim=True) * mixture
    return relative_errors(shared, references)

"""Two steps beyond a ratio mask: what repeats is alike, and overlapping windows must agree.

Both leave the sum of the estimates alone: they are as consistent with the mixture as the masks are.
"""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from dirac.separation.refine import istft, ratio_masks, stft

# Of the mean variance: no source is ever quite silent, which keeps its inverse finite.
FLOOR = 1e-6


@dataclass(frozen=True)
class Refinement:
    """n_neighbours: frames that a frame is averaged with, itself among them, 1 for none;

    n_context: frames on both sides by which they are found; strength: how much agreement of
    the windows weighs against the masks; n_iterations: towards it, 0 for none.
    """

    n_neighbours: int
    n_context: int
    strength: float
    n_iterations: int


def repeated_masks(
    masks: Tensor, mixture: Tensor, features: Tensor, power: float, settings: Refinement
) -> Tensor:
    """Masks of the mixture's spectrum with the detail of frames in which a part sounds alike.

    masks: (parts, channels or 1, bins, frames), mixture: complex (channels, bins, frames),
    features: (parts, features, frames), whose cosine finds the neighbours, part by part. A drum
    is struck and a note is played many times, over different company: the average of a part's
    estimates over them has less of the company. Kernel additive modelling (Liutkus et al. 2014)
    with frames as neighbours, as in REPET-SIM. Returned is the geometric mean of old and new masks.
    """
    n_neighbours = min(settings.n_neighbours, masks.shape[-1])
    if n_neighbours == 1:
        return masks
    levels = mixture.real.square() + mixture.imag.square()
    if masks.shape[1] == 1:
        levels = levels.mean(0, keepdim=True)
    powers = rearrange(
        masks.square() * levels, "parts channels bins frames -> parts frames (channels bins)"
    )
    alike = torch.stack(
        [
            _averaged(part, _nearest(feature, n_neighbours, settings.n_context))
            for part, feature in zip(powers, features, strict=True)
        ]
    )
    alike = rearrange(
        alike, "parts frames (channels bins) -> parts channels bins frames", bins=masks.shape[2]
    )
    return ratio_masks(masks * ratio_masks(alike, power / 2), 0.5)


def consistent_estimates(
    mixture: Tensor, masks: Tensor, powers: Tensor, n_fft: int, settings: Refinement
) -> Tensor:
    """Consistent Wiener filtering (Le Roux & Vincent 2013): mixture (channels, time) -> estimates

    (parts, channels, time) whose spectra minimise, with sum_j Y_j = X kept throughout,
    sum_j |Y_j - M_j X|^2 / v_j + strength / mean(v) |Y_j - STFT(ISTFT(Y_j))|^2.

    masks M and powers v: (parts, channels or 1, bins, frames), any common gain of v. A mask moves
    no phase; the overlap of the windows tells some of it: where v says that a part may vary, it
    follows the frames around. Proximal gradients with Nesterov's momentum.
    """
    if len(masks) == 1:
        return mixture[None]
    relative = powers / powers.sum(0).mean().clamp_min(torch.finfo(powers.dtype).tiny) + FLOOR
    weights = 1 / (1 / relative + settings.strength)
    # The last part is what the others leave: what they gain it loses, unheard.
    pull = settings.strength * weights[:-1]
    leaks = (weights[:-1] - weights[-1:]) / weights.sum(0, keepdim=True)
    if len(pull) == 1:  # then one product tells both
        pull, leaks = pull * (1 - leaks), pull.new_zeros(0)

    def pulled(heard: Tensor) -> Tensor:
        """The waveforms of a step that follows what is heard, and keeps the sum."""
        if len(leaks):
            heard.sub_((leaks * heard).sum(0, keepdim=True))
        return istft(heard.mul_(pull), n_fft, mixture.shape[-1])

    # All is linear, so that between the steps waveforms do: a quarter of the size of spectra.
    filtered = masks[:-1] * stft(mixture, n_fft)
    masked = istft(filtered, n_fft, mixture.shape[-1])
    change = torch.zeros_like(masked)
    if settings.n_iterations:
        heard = stft(masked, n_fft)
        last, change = change, pulled(heard.sub_(filtered))
        first = change
    for step in range(settings.n_iterations - 1):
        ahead = change + step / (step + 3) * (change - last)
        last, change = change, first + pulled(stft(ahead, n_fft, out=heard))
    estimates = masked + change
    return torch.cat([estimates, (mixture - estimates.sum(0))[None]])


def _nearest(features: Tensor, n_neighbours: int, n_context: int) -> Tensor:
    """The frames most alike to each, by features (features, frames) -> (frames, n_neighbours)."""
    windows = nn.functional.pad(features, (n_context, n_context)).unfold(-1, 2 * n_context + 1, 1)
    flat = rearrange(windows, "features frames width -> frames (features width)")
    directions = nn.functional.normalize(flat)
    return (directions @ directions.T).topk(n_neighbours, dim=1).indices


def _averaged(powers: Tensor, nearest: Tensor) -> Tensor:
    """Each of powers (frames, bins) takes the mean shape of its nearest, and keeps its level."""
    level = powers.sum(-1, keepdim=True)
    shapes = powers / level.clamp_min(torch.finfo(powers.dtype).tiny)
    n_frames, n_nearest = nearest.shape
    weights = powers.new_zeros(n_frames, n_frames).scatter_(1, nearest, 1 / n_nearest)
    return (weights @ shapes).mul_(level)

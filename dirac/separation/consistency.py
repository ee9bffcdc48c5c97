"""Two steps beyond a ratio mask: what repeats is alike, and overlapping windows must agree.

Both leave the sum of the estimates alone: they are as consistent with the mixture as the masks are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor, nn

from dirac.separation.refine import istft, overlap_add, ratio_masks, relative_powers, stft

# Estimates and their mixture, at a rate that is `factor` times lower -> estimates, of that sum.
Steer = Callable[[Tensor, Tensor], Tensor]
# Of the mean variance: no source is ever quite silent, which keeps its inverse finite.
FLOOR = 1e-6
# Bins below the highest of a decimated signal that the window's side lobes blur.
N_BLURRED = 8


@dataclass(frozen=True)
class Refinement:
    """n_neighbours: frames that a frame is averaged with, itself among them, 1 for none;

    n_context: frames on both sides by which they are found; strength: how much agreement of
    the windows weighs against the masks; n_iterations: towards it, 0 for none; highest_hz: up to
    which, at least, they shall agree.
    """

    n_neighbours: int
    n_context: int
    strength: float
    n_iterations: int
    highest_hz: float

    def decimation(self, sample_rate: int, n_fft: int) -> int:
        """The power of two by which a signal can be decimated, and its window with it, so that

        highest_hz is still in it; 1 for not at all, as where there are no iterations.
        """
        factor = 1
        if self.n_iterations == 0:
            return factor
        while sample_rate / 2 / (2 * factor) >= self.highest_hz and n_fft % (8 * factor) == 0:
            factor *= 2
        return factor


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
    return ratio_masks(relative_powers(alike, power / 2).mul_(masks), 0.5)


def consistent_below(
    mixture: Tensor,
    masks: Tensor,
    powers: Tensor,
    n_fft: int,
    settings: Refinement,
    factor: int,
    steer: Steer = lambda estimates, _: estimates,
) -> Tensor:
    """`consistent_estimates`, steered, in the lowest of `factor` equal bands, masks above it.

    Where parts overlap is where they have their energy: low. There a decimated signal, with a
    window of fewer samples but of as many seconds, has the same spectra, for a fraction of the
    time. factor: a power of two, 1 for all bands, that leaves the hop of n_fft / 4 whole.
    """
    if factor == 1 or len(masks) == 1:
        return steer(consistent_estimates(mixture, masks, powers, n_fft, settings), mixture)
    spectrum, n_samples, n_low = stft(mixture, n_fft), mixture.shape[-1], n_fft // factor
    low = slice(n_low // 2 + 1)
    decimated = istft(spectrum[:, low] / factor, n_low, max(n_samples // factor, 1))
    agreed = consistent_estimates(decimated, masks[:, :, low], powers[:, :, low], n_low, settings)
    agreed = steer(agreed, decimated)
    filtered = masks[:-1] * spectrum
    inside = slice(n_low // 2 - N_BLURRED)
    filtered[:, :, inside] = factor * stft(agreed[:-1], n_low)[:, :, inside]
    estimates = istft(filtered, n_fft, n_samples)
    return torch.cat([estimates, (mixture - estimates.sum(0))[None]])


def consistent_estimates(
    mixture: Tensor, masks: Tensor, powers: Tensor, n_fft: int, settings: Refinement
) -> Tensor:
    """Consistent Wiener filtering (Le Roux & Vincent 2013): mixture X (channels, time) -> estimates

    (parts, channels, time) y that sum to it, and with spectra Y that do so too minimise
    sum_j |Y_j - M_j X|^2 / v_j + strength / mean(v) |Y_j - STFT(y_j)|^2.

    masks M and powers v: (parts, channels or 1, bins, frames), any common gain of v. A mask moves
    no phase; the overlap of the windows tells some of it: where v says that a part may vary, it
    follows the frames around. For given y the best Y are known; what is left, a weighted least
    squares problem of the waveforms, is solved by conjugate gradients, preconditioned by spectra
    divided by these weights: windows overlap, so this is nearly the inverse.
    """
    if len(masks) == 1:
        return mixture[None]
    relative = powers / powers.sum(0).mean().clamp_min(torch.finfo(powers.dtype).tiny) + FLOOR
    strength, n_samples = settings.strength, mixture.shape[-1]
    weigh = _coupling(1 / (1 / relative + strength), -strength)
    unweigh = _coupling(relative, strength)  # its inverse
    # The last part is what the others leave: what they gain it loses, unheard.
    filtered = masks[:-1] * stft(mixture, n_fft)
    estimates = istft(filtered, n_fft, n_samples)
    spectrum = stft(estimates, n_fft)
    residual = overlap_add(weigh(filtered.sub_(spectrum)), n_fft, n_samples)
    direction, last = torch.zeros_like(residual), _product(residual, residual)
    for _ in range(settings.n_iterations):
        descent = overlap_add(unweigh(stft(residual, n_fft, out=spectrum)), n_fft, n_samples)
        slope = _product(residual, descent)
        direction = descent + slope / last * direction
        bend = overlap_add(weigh(stft(direction, n_fft, out=spectrum)), n_fft, n_samples)
        step = slope / _product(direction, bend)
        estimates = estimates + step * direction
        residual, last = residual - step * bend, slope
    return torch.cat([estimates, (mixture - estimates.sum(0))[None]])


def _coupling(weights: Tensor, factor: float) -> Callable[[Tensor], Tensor]:
    """What adds to parts s, in place, factor w_j (s_j - the mean of s, weighted by w).

    weights w: (parts, ...). Of s the last part is not given: all sum to zero.
    """
    gains = factor * weights[:-1]
    leaks = (weights[:-1] - weights[-1:]) / weights.sum(0, keepdim=True)
    if len(gains) == 1:  # then one product tells both
        both = 1 + gains * (1 - leaks)
        return lambda parts: parts.mul_(both)
    return lambda parts: parts.add_(gains * (parts - (leaks * parts).sum(0, keepdim=True)))


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Inner product over all parts, of which the last, not given, is minus the others' sum."""
    product = (a * b).sum() + (a.sum(0) * b.sum(0)).sum()
    return product.clamp_min(torch.finfo(a.dtype).tiny)  # zero at the solution


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

"""What is struck stands upright in a spectrogram, what is held lies: a second opinion of the parts.

A model knows the sounds that it was trained on, and is unsure of others: it shares them out.
Harmonic-percussive separation knows none, and errs alike on all. So at every frequency each has as
much of a say as the other is unsure.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dirac.separation.baselines.hpss import percussive_mask
from dirac.separation.refine import istft, ratio_masks, stft

HIGHEST_HZ = 5000.0  # above it models are sure
ONE_MANNER = 0.1  # parts that differ by less in how upright they are leave nothing to tell


@dataclass(frozen=True)
class Manner:
    """weight: of the second opinion, 0 for none, 1 for its full say; the others are `hpss`'s, n_fft

    at the codec's sample rate.
    """

    weight: float
    n_fft: int
    n_bins: int
    n_frames: int
    power: float


def second_opinion(
    estimates: Tensor, mixture: Tensor, sample_rate: float, n_fft: int, manner: Manner
) -> Tensor:
    """Estimates (parts, channels, time) of the mixture (channels, time), of which the most upright

    part is moved towards the percussive sound, and the others give or get what that takes, by
    their shares of it: the sum stays. The way at a frequency is `weight` times the ambiguity of
    the estimates over the sum of theirs and of the percussive mask's. Parts of one manner, as bass
    and piano, are left alone, and so is what lies above HIGHEST_HZ.
    """
    if manner.weight == 0 or len(estimates) == 1:
        return estimates
    below = slice(math.ceil(HIGHEST_HZ * n_fft / sample_rate))
    whole, first = stft(mixture, n_fft)[:, below], stft(estimates[:-1], n_fft)[:, :, below]
    parts = torch.cat([first, (whole - first.sum(dim=0))[None]])
    percussive = percussive_mask(whole, manner.n_bins, manner.n_frames, manner.power)
    struck = percussive * whole
    part, differ = _most_upright(parts, struck, whole)
    shares, own = ratio_masks(parts.abs(), 2), parts[part][0]
    masks = torch.stack([percussive, 1 - percussive])
    unsure, other = (_ambiguity(s, whole) for s in (shares[part][0], ratio_masks(masks, 2)[0]))
    say = manner.weight * differ * unsure / (unsure + other).clamp_min(_tiny(unsure))
    moved = say[:, None] * (struck - own)
    is_moved = torch.arange(len(parts), device=part.device)[:, None, None] == part
    steered = estimates[part] + _heard(moved, n_fft, mixture)
    if len(parts) == 2:
        return torch.where(is_moved, steered, mixture - steered)
    of_others = ratio_masks(parts.abs() * ~is_moved[..., None], 2)
    return torch.where(is_moved, steered, estimates - _heard(moved * of_others, n_fft, mixture))


def _most_upright(parts: Tensor, struck: Tensor, whole: Tensor) -> tuple[Tensor, Tensor]:
    """The number of the part of which the most is struck, (1,), and from 0 to 1 how clearly it is

    another manner. Tensors, which a GPU need not be waited for.
    """
    heard = torch.stack([_likeness(parts, sound) for sound in (struck, whole - struck)])
    upright = heard[0] / heard.sum(dim=0).clamp_min(_tiny(heard))
    most, numbers = upright.topk(2)
    return numbers[:1], ((most[0] - most[1]) / ONE_MANNER).clamp_max(1)


def _likeness(parts: Tensor, sound: Tensor) -> Tensor:
    """Inner products with a sound (channels, bins, frames), of each part; none is below 0."""
    products = parts.real * sound.real + parts.imag * sound.imag
    return products.sum(dim=(1, 2, 3)).clamp_min_(0)


def _ambiguity(share: Tensor, whole: Tensor) -> Tensor:
    """Of a share (channels or none, bins, frames) of the power of the whole, over time: (bins,).

    0 where it is all or nothing, 1 where it is a half.
    """
    power = whole.real.square() + whole.imag.square()
    split = (4 * share * (1 - share) * power).sum(dim=(0, 2))
    return split / power.sum(dim=(0, 2)).clamp_min(_tiny(split))


def _heard(low: Tensor, n_fft: int, mixture: Tensor) -> Tensor:
    """The lowest bins of a spectrum (..., bins, frames) as a waveform."""
    padded = nn.functional.pad(low, (0, 0, 0, n_fft // 2 + 1 - low.shape[-2]))
    return istft(padded, n_fft, mixture.shape[-1])


def _tiny(values: Tensor) -> float:
    return torch.finfo(values.dtype).tiny

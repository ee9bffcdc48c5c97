"""What is struck stands upright in a spectrogram, what is held lies: a second opinion of the parts.

A model knows the sounds that it was trained on. Harmonic-percussive separation knows none, and
errs alike on all: where they disagree, the truth is more often between them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dirac.separation.baselines.hpss import separate
from dirac.separation.refine import istft, ratio_masks, stft


@dataclass(frozen=True)
class Manner:
    """weight: of the second opinion, 0 for none; the others are `hpss`'s, n_fft at the codec's
    sample rate."""

    weight: float
    n_fft: int
    n_bins: int
    n_frames: int
    power: float


def second_opinion(estimates: Tensor, mixture: Tensor, n_fft: int, manner: Manner) -> Tensor:
    """Estimates (parts, channels, time) of the mixture (channels, time), of which the most upright

    part is moved towards the percussive sound, and the others give or get what that takes, by
    their shares of it: the sum stays. The way is `weight` times how much more upright it is than
    any other, from 0 to 1, so that parts of one manner are left alone.
    """
    if manner.weight == 0 or len(estimates) == 1:
        return estimates
    struck, held = separate(
        mixture, n_fft=n_fft, n_bins=manner.n_bins, n_frames=manner.n_frames, power=manner.power
    )
    heard = torch.stack([(estimates * sound).sum(dim=(1, 2)) for sound in (struck, held)])
    heard = heard.clamp_min(0)
    upright = heard[0] / heard.sum(dim=0).clamp_min(torch.finfo(heard.dtype).tiny)
    (first, second), (part, _) = upright.topk(2)
    moved = manner.weight * (first - second) * (struck - estimates[part])
    others = torch.arange(len(estimates)) != part
    steered = estimates.clone()
    steered[part] += moved
    steered[others] -= _shared_out(moved, estimates[others], n_fft)
    return steered


def _shared_out(sound: Tensor, parts: Tensor, n_fft: int) -> Tensor:
    """A sound (channels, time), shared out as the powers of parts (parts, channels, time) are."""
    if len(parts) == 1:
        return sound[None]
    shares = ratio_masks(stft(parts, n_fft).abs(), 2)
    return istft(stft(sound, n_fft) * shares, n_fft, sound.shape[-1])

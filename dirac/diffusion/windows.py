"""Signals longer than a network was trained on: overlapping windows that agree at every step.

MultiDiffusion (Bar-Tal, Yariv, Lipman, Dekel 2023, arXiv 2302.08113, eq. 5): at each step of the
sampling the predictions of all windows are averaged where they overlap. There is one sample, not
many that are joined afterwards, so that no frame is the end of anything.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def in_windows(predict: Callable[[Tensor], Tensor], signal: Tensor, n_frames: int) -> Tensor:
    """predict, over windows of n_frames of a signal (batch, ..., frames) -> like signal.

    predict: (batch, ..., frames) -> the same shape. Neighbours overlap by a half, or more at the
    end, and fade into each other. A signal that fits into one window is predicted as a whole.
    """
    n = signal.shape[-1]
    if n <= n_frames:
        return predict(signal)
    total, weights = torch.zeros_like(signal), signal.new_zeros(n)
    fade = _fade(n_frames, signal)
    for start in [*range(0, n - n_frames, max(n_frames // 2, 1)), n - n_frames]:
        window = slice(start, start + n_frames)
        total[..., window] += fade * predict(signal[..., window])
        weights[window] += fade
    return total / weights


def _fade(n_frames: int, like: Tensor) -> Tensor:
    """(n_frames,), like a tensor: rises to the middle and falls (a triangle), never zero."""
    ramp = torch.arange(1, n_frames + 1, device=like.device)
    return torch.minimum(ramp, ramp.flip(0)).to(like.dtype)

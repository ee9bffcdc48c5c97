"""The mixture itself as every part, and what all baselines read of it.

The baselines are separators that learn nothing, with the signature of ours: (mixture, sample_rate,
...) -> parts. Each takes a mixture (channels, time) and returns estimates (parts, channels, time)
that sum to it. None sees a stem; what they take as arguments is fixed for a whole data set.

HPSS, REPET-SIM, the 2-D Fourier transform and robust PCA are made for two parts. They are asked for
two whatever the number of sources: with more, the assignment leaves some with the mixture.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.refine import mask, ratio_masks, stft

Magnitudes = NDArray[np.float32]  # (bins, frames)


def mixture_shares(mixture: Tensor, sample_rate: int, *, n_parts: int) -> Tensor:
    """No separation at all: every part is the mixture, divided by their number."""
    return (mixture / n_parts).expand(n_parts, *mixture.shape).clone()


def mean_magnitude(mixture: Tensor, n_fft: int) -> Magnitudes:
    """Magnitudes (bins, frames) of a mixture (channels, time), averaged over its channels."""
    magnitude: Magnitudes = stft(mixture, n_fft).abs().mean(0).numpy()
    return magnitude


def share_out(
    mixture: Tensor, magnitudes: list[NDArray[np.floating]], n_fft: int, power: float
) -> Tensor:
    """The mixture through the ratio masks of its parts' magnitudes, each (bins, frames) >= 0."""
    stacked = torch.from_numpy(np.stack(magnitudes).astype(np.float32))
    return mask(mixture, ratio_masks(stacked, power)[:, None], n_fft)

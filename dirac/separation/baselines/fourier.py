"""Repetition as peaks of the spectrogram's 2-D Fourier transform (Seetharaman et al. 2017).

Seetharaman, Pishdadian & Pardo, "Music/Voice Separation Using the 2D Fourier Transform", WASPAA.
"""

import numpy as np
from torch import Tensor

from dirac.separation.baselines.mixture import mean_magnitude, share_out


def fourier_2d(
    mixture: Tensor,
    sample_rate: int,
    *,
    n_fft: int,
    n_scales: int,
    n_rates: int,
    power: float,
) -> Tensor:
    """The part that repeats, and the rest.

    Whatever recurs in time at a steady rate, at whatever scale in frequency, is a peak: a point of
    the transform that is the highest of its neighbourhood of `n_scales` by `n_rates` points, and
    above the lowest there by more than the standard deviation of all. Transformed back, peaks
    are what repeats.
    """
    from scipy.ndimage import maximum_filter

    magnitude = mean_magnitude(mixture, n_fft)
    transform = np.fft.rfft2(magnitude)
    height = np.abs(np.fft.fft2(magnitude))
    size = (n_scales, n_rates)
    peaks = height == maximum_filter(height, size=size, mode="wrap")
    low = -maximum_filter(-height, size=size, mode="wrap")
    peaks &= height - low > height.std()
    peaks = peaks[:, : transform.shape[1]]
    repeating = np.fft.irfft2(transform * peaks, magnitude.shape).clip(0)
    rest = np.fft.irfft2(transform * ~peaks, magnitude.shape).clip(0)
    return share_out(mixture, [repeating, rest], n_fft, power)

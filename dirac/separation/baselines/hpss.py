"""Harmonic-percussive source separation by median filtering (Fitzgerald, DAFx 2010)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.refine import istft, ratio_masks, stft


def hpss(
    mixture: Tensor, sample_rate: int, *, n_fft: int, n_bins: int, n_frames: int, power: float
) -> Tensor:
    """As `separate`, with the same windows whatever the sample rate."""
    return separate(mixture, n_fft=n_fft, n_bins=n_bins, n_frames=n_frames, power=power)


def separate(mixture: Tensor, *, n_fft: int, n_bins: int, n_frames: int, power: float) -> Tensor:
    """Percussive and harmonic part, with soft masks.

    Percussion stands upright in a spectrogram, tones lie: a median over `n_bins` keeps the one, a
    median over `n_frames` the other.
    """
    spectrum = stft(mixture, n_fft)
    magnitude = spectrum.abs().mean(0).numpy()
    upright, lying = medians(magnitude, n_bins, axis=0), medians(magnitude, n_frames, axis=1)
    percussive, _ = ratio_masks(torch.from_numpy(np.stack([upright, lying])), power)
    struck = istft(spectrum * percussive, n_fft, mixture.shape[-1])
    return torch.stack([struck, mixture - struck])


def medians(values: NDArray[np.float32], size: int, axis: int) -> NDArray[np.float32]:
    """Running medians of an odd size along one axis of (bins, frames), mirrored at its ends.

    Row after row in one line, for which scipy's filter is several times as fast as for a plane.
    """
    from scipy.ndimage import median_filter

    margin, lines = size // 2, np.moveaxis(values, axis, -1)
    padded = np.pad(lines, ((0, 0), (margin, margin)), mode="symmetric")
    filtered: NDArray[np.float32] = median_filter(padded.ravel(), size).reshape(padded.shape)
    return np.moveaxis(filtered[:, margin : margin + lines.shape[-1]], -1, axis)

"""Mixture-consistent masks: parts only say how to share out the mixture, so its sound is kept.

Every function returns estimates (parts, channels, time) which sum to the mixture to rounding.
"""

import torch
from torch import Tensor

from dirac.audio import stft as transforms

SILENCE = 1e-30  # of the power of what is loudest


def wiener(mixture: Tensor, parts: Tensor, n_fft: int, power: float) -> Tensor:
    """The mixture (channels, time), shared out by the parts' spectrograms.

    parts: (parts, channels, time) or (parts, 1, time) for one mask on all channels; their common
    gain does not matter. The mask of a part is |part|^power over the sum of all parts', 2 being
    the ratio of powers, Wiener's for sources of these spectra. References as parts make the oracle.
    """
    if parts.ndim != 3 or parts.shape[-1] != mixture.shape[-1]:
        raise ValueError(
            f"parts {tuple(parts.shape)} must be (parts, channels, time) with the time of the "
            f"mixture {tuple(mixture.shape)}: cut or pad them first"
        )
    return mask(mixture, ratio_masks(stft(parts, n_fft).abs(), power), n_fft)


def ratio_masks(magnitudes: Tensor, power: float) -> Tensor:
    """Masks (parts, ...) that sum to one from magnitudes (parts, ...) >= 0.

    Where all parts are silent, each gets an equal share.
    """
    shares = relative_powers(magnitudes, power)
    return shares.div_(shares.sum(0, keepdim=True))


def relative_powers(magnitudes: Tensor, power: float) -> Tensor:
    """Magnitudes >= 0 to a power, relative to the greatest of all; silence is not quite zero."""
    loudest = magnitudes.amax().clamp_min(torch.finfo(magnitudes.dtype).tiny)
    return (magnitudes / loudest).pow_(power).add_(SILENCE)


def mask(mixture: Tensor, masks: Tensor, n_fft: int) -> Tensor:
    """The mixture (channels, time) through masks (parts, channels or 1, bins, frames)."""
    return istft(stft(mixture, n_fft) * masks, n_fft, mixture.shape[-1])


def stft(waveform: Tensor, n_fft: int, out: Tensor | None = None) -> Tensor:
    """(..., time) -> complex (..., bins, frames); Hann window, hop n_fft / 4; as `audio.stft`."""
    return transforms.stft(waveform, _window(n_fft, waveform), n_fft // 4, out)


def istft(spectrum: Tensor, n_fft: int, n_samples: int) -> Tensor:
    """Inverse of `stft`: complex (..., bins, frames) -> (..., n_samples)."""
    return transforms.istft(spectrum, _window(n_fft, spectrum.real), n_fft // 4, n_samples)


def overlap_add(spectrum: Tensor, n_fft: int, n_samples: int) -> Tensor:
    """Adjoint of `stft`, up to a constant: `istft` without what makes up for overlaps."""
    return transforms.overlap_add(spectrum, _window(n_fft, spectrum.real), n_fft // 4, n_samples)


def _window(n_fft: int, like: Tensor) -> Tensor:
    return torch.hann_window(n_fft, dtype=like.dtype, device=like.device)

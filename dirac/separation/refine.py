"""Mixture-consistent masks: parts only say how to share out the mixture, so its sound is kept.

Every function returns estimates (parts, channels, time) which sum to the mixture to rounding.
"""

import torch
from torch import Tensor, nn


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
    loudest = magnitudes.amax(0, keepdim=True)
    # Relative to the loudest first: powers of very soft magnitudes would underflow.
    shares = (magnitudes / loudest.clamp_min(torch.finfo(magnitudes.dtype).tiny)).pow_(power)
    shares.masked_fill_(loudest == 0, 1)
    return shares.div_(shares.sum(0, keepdim=True))


def mask(mixture: Tensor, masks: Tensor, n_fft: int) -> Tensor:
    """The mixture (channels, time) through masks (parts, channels or 1, bins, frames)."""
    return istft(stft(mixture, n_fft) * masks, n_fft, mixture.shape[-1])


def stft(waveform: Tensor, n_fft: int, out: Tensor | None = None) -> Tensor:
    """(..., time) -> complex (..., bins, frames); Hann window, hop n_fft / 4, zeros at the ends.

    n_fft: a multiple of four. In memory the bins of a frame lie side by side: what is multiplied
    with a spectrum is quickest if it does so too. out: an earlier spectrum of this size, to be
    overwritten: fresh memory costs as much as the transforms.
    """
    hop, n_samples = n_fft // 4, waveform.shape[-1]
    n_padded = n_samples // hop * hop + n_fft
    padded = nn.functional.pad(waveform, (n_fft // 2, n_padded - n_samples - n_fft // 2))
    frames = padded.unfold(-1, n_fft, hop) * _window(n_fft, waveform)
    return torch.fft.rfft(frames, out=None if out is None else out.mT).mT


def istft(spectrum: Tensor, n_fft: int, n_samples: int) -> Tensor:
    """Inverse of `stft`: complex (..., bins, frames) -> (..., n_samples)."""
    window = _window(n_fft, spectrum.real)
    frames = torch.fft.irfft(spectrum.mT, n_fft)
    place = slice(n_fft // 2, n_fft // 2 + n_samples)
    weight = _overlapped(window.expand(spectrum.shape[-1], n_fft), window)
    return _overlapped(frames, window)[..., place] / weight[place]


def _window(n_fft: int, like: Tensor) -> Tensor:
    return torch.hann_window(n_fft, dtype=like.dtype, device=like.device)


def _overlapped(frames: Tensor, window: Tensor) -> Tensor:
    """Sum of windowed frames (..., frames, n_fft), a quarter after one another: (..., time)."""
    *batch, n_frames, n_fft = frames.shape
    total = frames.new_zeros(*batch, n_frames + 3, n_fft // 4)
    quarters = frames.reshape(*batch, n_frames, 4, n_fft // 4).unbind(-2)
    for k, (quarter, weight) in enumerate(zip(quarters, window.chunk(4), strict=True)):
        total[..., k : k + n_frames, :].addcmul_(quarter, weight)
    return total.flatten(-2)

"""Short-time Fourier transforms whose inverse is quick: whole hops are added, not samples.

In memory the bins of a frame lie side by side: what is multiplied with a spectrum is quickest if
it does so too.
"""

import torch
from torch import Tensor, nn


def stft(waveform: Tensor, window: Tensor, hop: int, out: Tensor | None = None) -> Tensor:
    """(..., time) -> complex (..., bins, frames); frame k is centred at sample k hop, zeros around.

    out: an earlier spectrum of this size, to be overwritten: on a CPU fresh memory costs as much
    as the transforms.
    """
    n_fft, n_samples = len(window), waveform.shape[-1]
    n_padded = n_samples // hop * hop + n_fft
    padded = nn.functional.pad(waveform, (n_fft // 2, n_padded - n_samples - n_fft // 2))
    frames = padded.unfold(-1, n_fft, hop) * window
    return torch.fft.rfft(frames, out=None if out is None else out.mT).mT


def istft(spectrum: Tensor, window: Tensor, hop: int, n_samples: int) -> Tensor:
    """Inverse of `stft`: complex (..., bins, frames) -> (..., n_samples), in least squares."""
    weight = _overlapped(window.expand(spectrum.shape[-1], len(window)), window, hop)
    return overlap_add(spectrum, window, hop, n_samples) / weight[_place(window, n_samples)]


def overlap_add(spectrum: Tensor, window: Tensor, hop: int, n_samples: int) -> Tensor:
    """Windowed frames of a complex (..., bins, frames), added up: (..., n_samples)."""
    frames = torch.fft.irfft(spectrum.mT, len(window))
    return _overlapped(frames, window, hop)[..., _place(window, n_samples)]


def _place(window: Tensor, n_samples: int) -> slice:
    return slice(len(window) // 2, len(window) // 2 + n_samples)


def _overlapped(frames: Tensor, window: Tensor, hop: int) -> Tensor:
    """Sum of windowed frames (..., frames, n_fft), a hop after one another: (..., time)."""
    *batch, n_frames, n_fft = frames.shape
    n_hops = -(-n_fft // hop)
    total = frames.new_zeros(*batch, n_frames + n_hops - 1, hop)
    for k in range(n_hops):
        piece = slice(k * hop, min((k + 1) * hop, n_fft))
        place = total[..., k : k + n_frames, : piece.stop - piece.start]
        place.addcmul_(frames[..., piece], window[piece])
    return total.flatten(-2)

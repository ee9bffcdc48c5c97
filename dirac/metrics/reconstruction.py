"""How close a reconstruction is to what went in, in latents and in sound."""

import torch
from torch import Tensor

WINDOWS = (2048, 1024, 512, 256, 128, 64)


def latent_mse(reconstruction: Tensor, latents: Tensor) -> float:
    """Mean squared error over all elements of two latents (batch, channels, frames)."""
    if reconstruction.shape != latents.shape:
        raise ValueError(
            f"shapes differ: reconstruction {tuple(reconstruction.shape)}, "
            f"latents {tuple(latents.shape)}"
        )
    return float((reconstruction - latents).square().mean())


def multiscale_stft(estimate: Tensor, reference: Tensor) -> Tensor:
    """Multi-scale STFT distance of the released code, (..., time) -> (...).

    Windows of 2048 to 64 samples (Hann), hops of a quarter; at each scale the squared L2 distance
    of the magnitudes relative to the reference's energy, plus the mean L1 distance of
    log(magnitude + 1e-7); summed over the scales. Not symmetric. A silent reference has no
    relative distance: inf, or nan where the estimate is silent too.
    """
    if estimate.shape != reference.shape:
        raise ValueError(
            f"shapes differ: estimate {tuple(estimate.shape)}, reference {tuple(reference.shape)}"
        )
    distances = torch.zeros(reference.shape[:-1], dtype=reference.dtype, device=reference.device)
    for window in WINDOWS:
        ours, theirs = _magnitude(estimate, window), _magnitude(reference, window)
        relative = (ours - theirs).square().sum((-2, -1)) / theirs.square().sum((-2, -1))
        logarithmic = ((ours + 1e-7).log() - (theirs + 1e-7).log()).abs().mean((-2, -1))
        distances = distances + relative + logarithmic
    return distances


def _magnitude(waveform: Tensor, n_fft: int) -> Tensor:
    """|STFT| of (..., time): (..., bins, frames)."""
    spectrum = torch.stft(
        waveform.reshape(-1, waveform.shape[-1]),
        n_fft,
        hop_length=n_fft // 4,
        window=torch.hann_window(n_fft, dtype=waveform.dtype, device=waveform.device),
        pad_mode="constant",
        return_complex=True,
    )
    return spectrum.abs().reshape(*waveform.shape[:-1], *spectrum.shape[-2:])

"""Harmonic-percussive source separation by median filtering (Fitzgerald, DAFx 2010)."""

import torch
from torch import Tensor

from dirac.separation.refine import istft, ratio_masks, stft

BLOCK = 2**16  # values whose medians are found together


def hpss(
    mixture: Tensor, sample_rate: int, *, n_fft: int, n_bins: int, n_frames: int, power: float
) -> Tensor:
    """Percussive and harmonic part, with soft masks; the same windows whatever the sample rate.

    Percussion stands upright in a spectrogram, tones lie: a median over `n_bins` keeps the one, a
    median over `n_frames` the other.
    """
    spectrum = stft(mixture, n_fft)
    percussive = percussive_mask(spectrum, n_bins, n_frames, power)
    struck = istft(spectrum * percussive, n_fft, mixture.shape[-1])
    return torch.stack([struck, mixture - struck])


def percussive_mask(spectrum: Tensor, n_bins: int, n_frames: int, power: float) -> Tensor:
    """(channels, bins, frames) -> one soft mask for all channels, (bins, frames)."""
    magnitude = spectrum.abs().mean(0)
    upright, lying = medians(magnitude, n_bins, dim=0), medians(magnitude, n_frames, dim=1)
    return ratio_masks(torch.stack([upright, lying]), power)[0]


def medians(values: Tensor, size: int, dim: int) -> Tensor:
    """Running medians of an odd size along one dimension of (bins, frames), mirrored at its ends.

    For few values the quickest way, and one that leaves Python to other threads: of a little more
    than half of them neither the least nor the greatest can be the median, so both are replaced by
    the next value until one is left. In blocks that a processor's cache holds.
    """
    margin, n = size // 2, values.shape[dim]
    place = torch.arange(-margin, n + margin, device=values.device) % (2 * n)
    mirrored = values.index_select(dim, torch.minimum(place, 2 * n - 1 - place))
    n_lines = max(1, BLOCK // (n + 2 * margin))
    blocks = torch.split(mirrored, n_lines, 1 - dim)
    return torch.cat([_medians(block, size, dim, n) for block in blocks], 1 - dim)


def _medians(mirrored: Tensor, size: int, dim: int, n: int) -> Tensor:
    """(..., n + size - 1, ...) -> (..., n, ...)."""
    shifted = [mirrored.narrow(dim, start, n) for start in range(size)]
    kept, others = shifted[: size // 2 + 2], shifted[size // 2 + 2 :]
    while len(kept) > 1:
        least, *kept = kept
        for place, value in enumerate(kept):
            least, kept[place] = torch.minimum(least, value), torch.maximum(least, value)
        greatest, *kept = kept
        for place, value in enumerate(kept):
            kept[place], greatest = torch.minimum(greatest, value), torch.maximum(greatest, value)
        if others:
            kept.append(others.pop())
    return kept[0]

"""Whole frames: how a waveform of any length fits a codec's hop."""

from torch import Tensor, nn


def n_frames_of(n_samples: int, hop: int) -> int:
    """ceil(n_samples / hop)."""
    return -(-n_samples // hop)


def pad_to_frames(waveform: Tensor, hop: int) -> Tensor:
    """(..., time) -> (..., frames * hop), silence appended."""
    n_samples = waveform.shape[-1]
    return nn.functional.pad(waveform, (0, n_frames_of(n_samples, hop) * hop - n_samples))

"""Harmonic-percussive source separation by median filtering (Fitzgerald, DAFx 2010)."""

from torch import Tensor

from dirac.separation.baselines.mixture import mean_magnitude, share_out


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
    from scipy.ndimage import median_filter

    magnitude = mean_magnitude(mixture, n_fft)
    percussive = median_filter(magnitude, size=(n_bins, 1), mode="reflect")
    harmonic = median_filter(magnitude, size=(1, n_frames), mode="reflect")
    return share_out(mixture, [percussive, harmonic], n_fft, power)

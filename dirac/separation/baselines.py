"""Separators that learn nothing, with the signature of ours: (mixture, sample_rate, ...) -> parts.

Each takes a mixture (channels, time) and returns estimates (parts, channels, time) that sum to it.
None sees a stem; what they take as arguments is fixed for a whole data set.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.refine import mask, ratio_masks, stft


def mixture_shares(mixture: Tensor, sample_rate: int, *, n_parts: int) -> Tensor:
    """No separation at all: every part is the mixture, divided by their number."""
    return (mixture / n_parts).expand(n_parts, *mixture.shape).clone()


def hpss(mixture: Tensor, sample_rate: int, *, n_fft: int, kernel: int, power: float) -> Tensor:
    """Percussive and harmonic part by median filtering (Fitzgerald 2010), with soft masks.

    Percussion stands upright in a spectrogram, tones lie: a median over `kernel` bins keeps the
    one, a median over `kernel` frames the other.
    """
    from scipy.ndimage import median_filter

    magnitude = _mean_magnitude(mixture, n_fft)
    percussive = median_filter(magnitude, size=(kernel, 1), mode="reflect")
    harmonic = median_filter(magnitude, size=(1, kernel), mode="reflect")
    magnitudes = torch.from_numpy(np.stack([percussive, harmonic]))
    return mask(mixture, ratio_masks(magnitudes, power)[:, None], n_fft)


def nmf(
    mixture: Tensor,
    sample_rate: int,
    *,
    n_parts: int,
    n_fft: int,
    n_components: int,
    n_iterations: int,
    kernel: int,
    seed: int,
) -> Tensor:
    """Factors of the spectrogram (KL divergence), grouped by how long their notes last.

    A component is sustained as far as its activation survives a median over `kernel` frames.
    k-means on this one number makes the parts, from the most percussive to the most sustained; it
    beat centroid, flatness, entropy, crest, flux and their combinations on validation songs. The
    parts are ratio masks of the grouped factors.
    """
    from sklearn.decomposition import NMF

    magnitude = _mean_magnitude(mixture, n_fft)
    if not magnitude.any():
        return mixture_shares(mixture, sample_rate, n_parts=n_parts)
    factors = NMF(
        min(n_components, *magnitude.shape),
        init="nndsvda",
        solver="mu",
        beta_loss="kullback-leibler",
        max_iter=n_iterations,
        tol=0.0,
        random_state=seed,
    )
    spectra = factors.fit_transform(magnitude)
    activations = factors.components_
    groups = _group_by_sustain(activations, n_parts, kernel, seed)
    magnitudes = np.stack(
        [spectra[:, groups == n] @ activations[groups == n] for n in range(n_parts)]
    )
    return mask(mixture, ratio_masks(torch.from_numpy(magnitudes), 1.0)[:, None], n_fft)


def _group_by_sustain(
    activations: NDArray[np.float32], n_parts: int, kernel: int, seed: int
) -> NDArray[np.int64]:
    """The group of each component, (components,), from activations (components, frames)."""
    from scipy.ndimage import median_filter
    from sklearn.cluster import KMeans

    lasting = np.minimum(median_filter(activations, size=(1, kernel)), activations)
    sustain = lasting.sum(1) / np.maximum(activations.sum(1), np.finfo(np.float32).tiny)
    n_groups = min(n_parts, len(np.unique(sustain)))
    clusters = KMeans(n_groups, n_init=10, random_state=seed).fit(sustain[:, None])
    rank = np.argsort(np.argsort(clusters.cluster_centers_[:, 0]))
    groups: NDArray[np.int64] = rank[clusters.labels_]
    return groups


def _mean_magnitude(mixture: Tensor, n_fft: int) -> NDArray[np.float32]:
    """Magnitudes (bins, frames) of a mixture (channels, time), averaged over its channels."""
    magnitude: NDArray[np.float32] = stft(mixture, n_fft).abs().mean(0).numpy()
    return magnitude

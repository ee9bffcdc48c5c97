"""Nonnegative matrix factorisation of the spectrogram, its components grouped by a fixed rule.

Multiplicative updates for the Kullback-Leibler divergence (Lee & Seung, NIPS 2000; for music
Smaragdis & Brown, WASPAA 2003).
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.baselines.mixture import mean_magnitude, mixture_shares, share_out


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
    """Factors of the spectrogram, grouped by how long their notes last.

    A component is sustained as far as its activation survives a median over `kernel` frames.
    k-means on this one number makes the parts, from the most percussive to the most sustained; it
    beat centroid, flatness, entropy, crest, flux and their combinations on validation songs. The
    parts are ratio masks of the grouped factors.
    """
    from sklearn.decomposition import NMF

    magnitude = mean_magnitude(mixture, n_fft)
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
    parts = [spectra[:, groups == n] @ activations[groups == n] for n in range(n_parts)]
    return share_out(mixture, parts, n_fft, 1.0)


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

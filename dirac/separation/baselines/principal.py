"""Robust PCA: a spectrogram of low rank plus a sparse one (Huang et al. 2012).

Huang, Chen, Smaragdis & Hasegawa-Johnson, "Singing-Voice Separation from Monaural Recordings Using
Robust Principal Component Analysis", ICASSP; solved by the inexact augmented Lagrange multipliers
of Lin, Chen & Ma, "The Augmented Lagrange Multiplier Method for Exact Recovery of Corrupted
Low-Rank Matrices", 2010.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.baselines.mixture import mean_magnitude, share_out

Matrix = NDArray[np.float64]
GROWTH = 1.5  # of the penalty, per iteration; as Lin, Chen and Ma
TOLERANCE = 1e-5  # of the residual, relative to the matrix


def robust_pca(
    mixture: Tensor,
    sample_rate: int,
    *,
    n_fft: int,
    sparsity: float,
    n_iterations: int,
    power: float,
) -> Tensor:
    """The part of low rank, which repeats, and the sparse one.

    sparsity: weight of the sparse part's magnitudes against the singular values of the other, in
    units of 1 / sqrt(the larger side of the spectrogram); Huang et al. take 1.
    """
    magnitude = mean_magnitude(mixture, n_fft).astype(np.float64)
    low_rank, sparse = decompose(magnitude, sparsity, n_iterations)
    return share_out(mixture, [np.abs(low_rank), np.abs(sparse)], n_fft, power)


def decompose(matrix: Matrix, sparsity: float, n_iterations: int) -> tuple[Matrix, Matrix]:
    """Low rank and sparse matrices whose sum is the given one, at most after `n_iterations`."""
    scale = np.linalg.norm(matrix)
    if scale == 0:
        return matrix, matrix
    weight = sparsity / np.sqrt(max(matrix.shape))
    spectral = float(np.linalg.norm(matrix, 2))
    multiplier = matrix / max(spectral, np.abs(matrix).max() / weight)
    penalty, sparse, low_rank = 1.25 / spectral, np.zeros_like(matrix), np.zeros_like(matrix)
    for _ in range(n_iterations):
        low_rank = _shrink_singular_values(matrix - sparse + multiplier / penalty, 1 / penalty)
        sparse = _shrink(matrix - low_rank + multiplier / penalty, weight / penalty)
        residual = matrix - low_rank - sparse
        if np.linalg.norm(residual) < TOLERANCE * scale:
            break
        multiplier = multiplier + penalty * residual
        penalty *= GROWTH
    return low_rank, sparse


def _shrink(values: Matrix, threshold: float) -> Matrix:
    shrunk: Matrix = np.sign(values) * np.maximum(np.abs(values) - threshold, 0)
    return shrunk


def _shrink_singular_values(matrix: Matrix, threshold: float) -> Matrix:
    """By way of the smaller Gram matrix, ten times faster than an SVD.

    In double precision it only blurs singular values below 1e-8 of the largest, which the
    threshold removes.
    """
    if matrix.shape[0] < matrix.shape[1]:
        return _shrink_singular_values(matrix.T, threshold).T
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    singular = np.sqrt(np.maximum(values, 0))
    kept = singular > threshold
    factors = 1 - threshold / singular[kept]
    shrunk: Matrix = (matrix @ (vectors[:, kept] * factors)) @ vectors[:, kept].T
    return shrunk

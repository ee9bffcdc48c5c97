"""REPET-SIM: what repeats, wherever in the excerpt, against what does not (Rafii & Pardo 2012).

"Music/Voice Separation Using the Similarity Matrix", ISMIR 2012.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.baselines.mixture import Magnitudes, mean_magnitude, share_out


def repet_sim(
    mixture: Tensor,
    sample_rate: int,
    *,
    n_fft: int,
    n_similar: int,
    distance_seconds: float,
    power: float,
) -> Tensor:
    """The part that repeats, and the rest.

    What repeats in a frame is the median over the `n_similar` frames that are most like it (cosine
    of their spectra), itself among them and no two closer than `distance_seconds`; it is never more
    than there is. The paper's masks are those of `power` 1.
    """
    magnitude = mean_magnitude(mixture, n_fft)
    n_apart = max(1, round(distance_seconds * sample_rate / (n_fft // 4)))
    repeating = np.empty_like(magnitude)
    for frame, likeness in enumerate(_similarity(magnitude)):
        chosen = _peaks(likeness, n_similar, n_apart)
        repeating[:, frame] = np.median(magnitude[:, chosen], axis=1)
    repeats: NDArray[np.floating] = np.minimum(repeating, magnitude)
    return share_out(mixture, [repeats, magnitude - repeats], n_fft, power)


def _similarity(magnitude: Magnitudes) -> NDArray[np.floating]:
    """Cosines of all frames with each other, (frames, frames); 0 with a silent one."""
    norms = np.linalg.norm(magnitude, axis=0)
    unit = magnitude / np.where(norms > 0, norms, 1)
    cosines: NDArray[np.floating] = unit.T @ unit
    return cosines


def _peaks(likeness: NDArray[np.floating], n_most: int, n_apart: int) -> list[int]:
    """The frames of the highest values, from the highest down, each `n_apart` from all before."""
    free = likeness.copy()
    chosen: list[int] = []
    while len(chosen) < n_most and free.max() > -np.inf:
        best = int(free.argmax())
        chosen.append(best)
        free[max(0, best - n_apart + 1) : best + n_apart] = -np.inf
    return chosen

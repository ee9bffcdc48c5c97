"""The same music at another speed and in another tone."""

import math
from typing import Any

import numpy as np
from scipy.signal import resample

Array = np.ndarray[Any, np.dtype[Any]]
N_POINTS = 6  # between which an equaliser's curve is straight
CORNER_HZ = 700.0  # of the mel scale (HTK), log(1 + hz / 700), on which the points lie evenly


def played(waveforms: Array, n_samples: int) -> Array:
    """Waveforms (..., time), faster or slower so that they last n_samples, and so much higher."""
    if waveforms.shape[-1] == n_samples:
        return waveforms
    return np.asarray(resample(waveforms, n_samples, axis=-1), waveforms.dtype)


def equaliser(n_bins: int, highest_hz: float, most_db: float, random: np.random.Generator) -> Array:
    """Gains (bins,) of a drawn curve; the last bin is at highest_hz.

    Its points lie up to most_db above or below zero; its mean over the scale is zero.
    """
    points = random.uniform(-most_db, most_db, N_POINTS)
    places = np.linspace(0, 1, N_POINTS)
    hertz = np.linspace(0, highest_hz, n_bins)
    scale = np.log1p(hertz / CORNER_HZ) / math.log1p(highest_hz / CORNER_HZ)
    curve = np.interp(scale, places, points - np.trapezoid(points, places))
    return (10 ** (curve / 20)).astype(np.float32)

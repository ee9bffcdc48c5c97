"""The same music at another speed and in another tone, made of mel spectrograms."""

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
N_POINTS = 6  # between which an equaliser's curve is straight
HTK = (2595.0, 700.0)  # mel = 2595 log10(1 + hz / 700), in which bands lie evenly


def played(latents: Array, speed: float, n_frames: int, highest_hz: float) -> Array:
    """Latents (bands, frames), of a record played `speed` times as fast -> (bands, n_frames).

    Everything is as much higher as it is faster. highest_hz: half of the codec's sample rate. At
    the ends the last frame and band are held.
    """
    times = np.arange(n_frames) * speed
    return _between(
        _between(latents, times, axis=1), _places(len(latents), speed, highest_hz), axis=0
    )


def randomly_equalised(
    latents: Array, most_db: float, exponent: float, random: np.random.Generator
) -> Array:
    """Latents (bands, frames) of magnitudes ** (1 / exponent), through a drawn curve over bands.

    Its points lie up to most_db above or below zero; its mean is zero.
    """
    n_bands = len(latents)
    points = random.uniform(-most_db, most_db, N_POINTS)
    curve = np.interp(np.linspace(0, 1, n_bands), np.linspace(0, 1, N_POINTS), points)
    gains = 10 ** ((curve - curve.mean()) / 20 / exponent)
    equalised: Array = latents * gains.astype(np.float32)[:, None]
    return equalised


def _places(n_bands: int, speed: float, highest_hz: float) -> Array:
    """The bands that hold, at the old speed, what the bands hold at the new one."""
    factor, corner = HTK
    highest = factor * math.log10(1 + highest_hz / corner)
    hertz = corner * (10 ** (np.arange(1, n_bands + 1) / (n_bands + 1) * highest / factor) - 1)
    places: Array = factor * np.log10(1 + hertz / speed / corner) / highest * (n_bands + 1) - 1
    return places


def _between(values: Array, places: Array, axis: int) -> Array:
    """Values at fractional places along an axis, straight between neighbours."""
    inside = places.clip(0, values.shape[axis] - 1)
    below = inside.astype(int).clip(max=max(values.shape[axis] - 2, 0))
    above = (below + 1).clip(max=values.shape[axis] - 1)
    weight = (inside - below).astype(np.float32)
    weight = weight if axis == 1 else weight[:, None]
    mixed: Array = (
        np.take(values, below, axis) * (1 - weight) + np.take(values, above, axis) * weight
    )
    return mixed

"""What a studio does to a recorded part: equaliser, compressor, saturation, room, moving levels.

Every effect takes the voices of one part (voices, time) and is either linear or a gain over time
that all of them get alike, found from their sum: the voices still add up to the produced part.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from dirac.data.music.song import pick

Samples = NDArray[np.float32]

BLOCK_SECONDS = 0.005  # of the compressor's level detector
SILENCE = 1e-10  # power, so that logarithms exist
HIGHEST_SHARE = 0.45  # of the sample rate, where filters may still lie
CROSSOVER_HZ = 2000.0  # above it, rooms decay faster
DECAY_60_DB = float(np.log(1000.0))


class Effect(Protocol):
    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        """(voices, time) -> the same shape; linear, or one gain over time for all voices."""


@dataclass(frozen=True)
class Band:
    """A biquad of R. Bristow-Johnson's "Cookbook formulae for audio EQ": kind is peak, low_shelf,
    high_shelf, low_pass or high_pass; the last two have no gain."""

    kind: str
    hz: float
    gain_db: float = 0.0
    q: float = 0.707

    def section(self, sample_rate: int) -> list[float]:
        """b0, b1, b2, a0, a1, a2 with a0 = 1. Raises ValueError for an unknown kind."""
        angle = 2 * np.pi * min(self.hz / sample_rate, HIGHEST_SHARE)
        cosine, alpha = float(np.cos(angle)), float(np.sin(angle)) / (2 * self.q)
        gain = 10 ** (self.gain_db / 40)
        if self.kind == "peak":
            both = [1 + alpha * gain, -2 * cosine, 1 - alpha * gain]
            under = [1 + alpha / gain, -2 * cosine, 1 - alpha / gain]
        elif self.kind in ("low_pass", "high_pass"):
            sign = 1 if self.kind == "low_pass" else -1
            edge = 1 - sign * cosine
            both = [edge / 2, sign * edge, edge / 2]
            under = [1 + alpha, -2 * cosine, 1 - alpha]
        elif self.kind in ("low_shelf", "high_shelf"):
            both, under = _shelf(gain, cosine if self.kind == "low_shelf" else -cosine, alpha)
            if self.kind == "high_shelf":
                both[1], under[1] = -both[1], -under[1]
        else:
            raise ValueError(f"no filter is called {self.kind!r}")
        return [value / under[0] for value in (*both, *under)]


@dataclass(frozen=True)
class Equaliser:
    bands: tuple[Band, ...]

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        sections = np.array([band.section(sample_rate) for band in self.bands])
        filtered: Samples = scipy.signal.sosfilt(sections, voices).astype(np.float32)
        return filtered


@dataclass(frozen=True)
class Compressor:
    """Feed-forward: of what the level exceeds the threshold, 1 / ratio is left."""

    threshold_db: float
    ratio: float
    attack_seconds: float
    release_seconds: float

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        return voices * self.gain(voices.sum(axis=0), sample_rate)

    def gain(self, samples: Samples, sample_rate: int) -> Samples:
        """(time,) -> gain over time (time,)."""
        width = max(round(BLOCK_SECONDS * sample_rate), 1)
        n_blocks = -(-len(samples) // width)
        padded = np.pad(samples, (0, n_blocks * width - len(samples)), mode="edge")
        powers = np.square(padded.reshape(n_blocks, width)).mean(axis=1, dtype=np.float64)
        excess = np.maximum(10 * np.log10(powers + SILENCE) - self.threshold_db, 0)
        reduction = self._smoothed(excess * (1 - 1 / self.ratio), width / sample_rate)
        centres = (np.arange(n_blocks) + 0.5) * width
        curve_db = np.interp(np.arange(len(samples)), centres, reduction)
        gain: Samples = np.power(10, curve_db.astype(np.float32) / -20, dtype=np.float32)
        return gain

    def _smoothed(self, reduction: NDArray[np.float64], step_seconds: float) -> list[float]:
        """It rises with the attack's time constant and falls with the release's."""
        rise = float(np.exp(-step_seconds / self.attack_seconds))
        fall = float(np.exp(-step_seconds / self.release_seconds))
        value, smoothed = float(reduction[0]), []
        for target in reduction.tolist():
            value = target + (value - target) * (rise if target > value else fall)
            smoothed.append(value)
        return smoothed


@dataclass(frozen=True)
class Saturation:
    """tanh(drive x) / drive, as the gain that it is at every sample."""

    drive: float

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        driven = np.abs(voices.sum(axis=0)) * np.float32(self.drive) + np.float32(1e-6)
        saturated: Samples = voices * (np.tanh(driven) / driven)
        return saturated


@dataclass(frozen=True)
class Room:
    """A few early reflections, then noise that decays by 60 dB in decay_seconds, its highs in
    `damping` of that. wet: energy of what is added, for each unit of energy of white noise."""

    seed: int
    decay_seconds: float
    damping: float
    wet: float

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        reflected = scipy.signal.oaconvolve(voices, self.response(sample_rate)[None], axes=1)
        return voices + reflected[:, : voices.shape[1]].astype(np.float32)

    def response(self, sample_rate: int) -> Samples:
        """Impulse response of what is added to the direct sound (time,); its energy is `wet`."""
        rng = np.random.default_rng(self.seed)
        n_samples = max(round(self.decay_seconds * sample_rate), 2)
        time = np.arange(n_samples) / sample_rate
        noise = rng.normal(size=n_samples)
        low_pass = scipy.signal.butter(1, CROSSOVER_HZ, fs=sample_rate, output="sos")
        lows = scipy.signal.sosfilt(low_pass, noise)
        slow, fast = (
            np.exp(-DECAY_60_DB * time / (self.decay_seconds * share))
            for share in (1, self.damping)
        )
        response = (lows * slow + (noise - lows) * fast) * np.minimum(time / 0.02, 1)
        for delay in rng.uniform(0.004, 0.04, 7):
            place = min(round(delay * sample_rate), n_samples - 1)
            response[place] += pick(rng, (-1, 1)) * 4 * np.exp(-delay / 0.02)
        response *= np.sqrt(self.wet / np.sum(np.square(response)))
        return response.astype(np.float32)


@dataclass(frozen=True)
class Ring:
    """What else sounds when a drum is struck: shells and heads, each a mode that decays by 60 dB in
    its time. wet: energy of what is added, for each unit of energy of white noise."""

    hz: tuple[float, ...]
    decay_seconds: tuple[float, ...]
    wet: float

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        ringing = scipy.signal.oaconvolve(voices, self.response(sample_rate)[None], axes=1)
        return voices + ringing[:, : voices.shape[1]].astype(np.float32)

    def response(self, sample_rate: int) -> Samples:
        """Impulse response of what is added to the direct sound (time,); its energy is `wet`."""
        time = np.arange(round(max(self.decay_seconds) * sample_rate)) / sample_rate
        response = np.sum(
            [
                np.sin(2 * np.pi * hz * time) * np.exp(-DECAY_60_DB * time / seconds)
                for hz, seconds in zip(self.hz, self.decay_seconds, strict=True)
            ],
            axis=0,
        )
        response *= np.sqrt(self.wet / np.sum(np.square(response)))
        return response.astype(np.float32)


@dataclass(frozen=True)
class Automation:
    """A hand on the fader: levels (dB) at even distances, joined by straight lines in dB."""

    levels_db: tuple[float, ...]

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        n_samples = voices.shape[1]
        places = np.linspace(0, max(n_samples - 1, 1), len(self.levels_db))
        curve_db = np.interp(np.arange(n_samples), places, self.levels_db).astype(np.float32)
        return voices * np.power(10, curve_db / 20, dtype=np.float32)


@dataclass(frozen=True)
class Chain:
    """Effects in their order. Levels in them mean parts of an RMS of REFERENCE_RMS."""

    effects: tuple[Effect, ...]

    def apply(self, voices: Samples, sample_rate: int) -> Samples:
        """(voices, time) -> the same shape; the sum of the produced voices is the produced sum."""
        for effect in self.effects:
            voices = effect.apply(voices, sample_rate)
        return voices


REFERENCE_RMS = 0.1


def _shelf(gain: float, cosine: float, alpha: float) -> tuple[list[float], list[float]]:
    """Numerator and denominator of a low shelf."""
    more, less, slope = gain + 1, gain - 1, 2 * np.sqrt(gain) * alpha
    both = [
        gain * (more - less * cosine + slope),
        2 * gain * (less - more * cosine),
        gain * (more - less * cosine - slope),
    ]
    under = [
        more + less * cosine + slope,
        -2 * (less + more * cosine),
        more + less * cosine - slope,
    ]
    return both, under

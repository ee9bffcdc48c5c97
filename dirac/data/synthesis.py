"""A synthesizer whose every patch is drawn: basses, keys, plucks, pads, organs, drum machines.

A patch is a seed; the same seed plays the same instrument, every time with the same bytes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from dirac.data.music import drums
from dirac.data.music.song import BASS, ORGAN, STRINGS, happens, pick

Samples = NDArray[np.float32]
Wave = NDArray[np.float64]
Kind = Literal["subtractive", "frequency", "string", "organ", "boom"]

KINDS: dict[str, tuple[Kind, ...]] = {
    BASS: ("subtractive", "subtractive", "frequency", "string", "boom"),
    ORGAN: ("organ", "organ", "frequency", "subtractive"),
    STRINGS: ("subtractive",),
}
KINDS_OF_OTHERS: tuple[Kind, ...] = ("subtractive", "frequency", "frequency", "string")
MOST_HARMONICS = 48
DRAWBARS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # of the fundamental
EDGE_SECONDS = 0.002  # no tone begins or ends with a click


@dataclass(frozen=True)
class Patch:
    """Times in seconds; `bright` is the harmonic up to which a note is let through."""

    kind: Kind
    attack: float
    decay: float
    sustain: float
    release: float
    tilt: float  # power of the harmonics' fall: 1 saw-tooth, 2 triangle
    odd_only: bool
    detune_cents: float
    bright: float
    sweep: float  # how many times brighter a note begins
    ratio: float  # of the modulator to the carrier
    index: float  # of modulation
    drawbars: tuple[float, ...]


def draw_patch(patch: int, inst_class: str) -> Patch:
    """The sound that the seed `patch` stands for in this class of instruments."""
    rng = np.random.default_rng(patch)
    kind = pick(rng, KINDS.get(inst_class, KINDS_OF_OTHERS))
    is_held = inst_class in (ORGAN, STRINGS) or (inst_class == BASS and happens(rng, 0.5))
    attack = rng.uniform(0.05, 0.3) if inst_class == STRINGS else rng.uniform(0.002, 0.02)
    return Patch(
        kind=kind,
        attack=float(attack),
        decay=float(np.exp(rng.uniform(np.log(0.15), np.log(2.5)))),
        sustain=float(rng.uniform(0.5, 1.0) if is_held else rng.uniform(0.0, 0.3)),
        release=float(rng.uniform(0.03, 0.5 if inst_class == STRINGS else 0.2)),
        tilt=float(rng.uniform(0.8, 2.0)),
        odd_only=happens(rng, 0.35),
        detune_cents=float(rng.uniform(0, 12) if happens(rng, 0.6) else 0),
        bright=float(np.exp(rng.uniform(np.log(3), np.log(30)))),
        sweep=float(rng.uniform(1, 5)),
        ratio=pick(rng, (1.0, 1.0, 2.0, 3.0, 4.0)),
        index=float(rng.uniform(0.4, 3.5)),
        drawbars=tuple(float(level) for level in rng.uniform(0, 1, len(DRAWBARS)) ** 2),
    )


def tone(patch: int, inst_class: str, pitch: int, held_seconds: float, sample_rate: int) -> Samples:
    """A note (time,) of about full scale, held and then released."""
    sound = draw_patch(patch, inst_class)
    time = np.arange(round((held_seconds + sound.release) * sample_rate)) / sample_rate
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    waves = {
        "subtractive": _subtractive,
        "frequency": _frequency_modulated,
        "string": _string,
        "organ": _organ,
        "boom": _boom,
    }
    wave = waves[sound.kind](sound, hertz, time, sample_rate)
    enveloped = wave * _envelope(sound, time, held_seconds)
    return (0.5 * enveloped / max(float(np.abs(enveloped).max(initial=0)), 1e-6)).astype(np.float32)


def _envelope(sound: Patch, time: Wave, held_seconds: float) -> Wave:
    body = sound.sustain + (1 - sound.sustain) * np.exp(-time / sound.decay)
    ending = np.clip(1 - (time - held_seconds) / sound.release, 0, 1) ** 2
    gain: Wave = np.minimum(time / sound.attack, 1) * body * ending
    return gain


def _subtractive(sound: Patch, hertz: float, time: Wave, sample_rate: int) -> Wave:
    """Two detuned oscillators through a low-pass that closes; a sum of harmonics, so none folds."""
    n = int(min(MOST_HARMONICS, 3 * sound.bright + 1, 0.4 * sample_rate / hertz))
    wave = np.zeros_like(time)
    cutoff = sound.bright * (1 + (sound.sweep - 1) * np.exp(-3 * time / sound.decay))
    detuned = 2 ** (sound.detune_cents / 2400)
    for harmonic in range(1, max(n, 1) + 1, 2 if sound.odd_only else 1):
        cycles = hertz * harmonic * time
        pair = _sine(cycles * detuned) + _sine(cycles / detuned + 0.11 * harmonic)
        wave += pair * harmonic**-sound.tilt / (1 + (harmonic / cutoff) ** 4)
    return wave


def _sine(cycles: Wave) -> Samples:
    """In single precision, which is quicker: whole cycles are taken off before."""
    turns = (cycles - np.floor(cycles)).astype(np.float32)
    wave: Samples = np.sin(np.float32(2 * np.pi) * turns)
    return wave


def _frequency_modulated(sound: Patch, hertz: float, time: Wave, sample_rate: int) -> Wave:
    """Electric pianos and bells; the index is held so low that side bands stay in the band."""
    room = 0.4 * sample_rate / hertz / sound.ratio - 2
    index = min(sound.index, max(room, 0)) * np.exp(-2 * time / sound.decay)
    angle = 2 * np.pi * hertz * time
    wave: Wave = np.sin(angle + index * np.sin(sound.ratio * angle))
    return wave


def _string(sound: Patch, hertz: float, time: Wave, sample_rate: int) -> Wave:
    """Karplus and Strong's plucked string (1983), its pitch tuned by a shared delay of two taps."""
    period = sample_rate / hertz - 0.5
    whole = int(period)
    part = period - whole
    burst = np.zeros_like(time)
    noise = np.random.default_rng(round(hertz * 1000)).uniform(-1, 1, whole)
    smoothed = scipy.signal.lfilter([1], [1, -np.exp(-sound.bright / 10) * 0.9], noise)
    burst[:whole] = (smoothed - smoothed.mean())[: len(burst)]
    loss = 0.001 ** (1 / (hertz * (1 + 2 * sound.decay)))
    feedback = np.zeros(whole + 3)
    feedback[0] = 1
    feedback[whole : whole + 3] = -loss * np.convolve([1 - part, part], [0.5, 0.5])
    wave: Wave = scipy.signal.lfilter([1], feedback, burst)
    return wave


def _organ(sound: Patch, hertz: float, time: Wave, sample_rate: int) -> Wave:
    wave = np.sin(2 * np.pi * hertz * time)
    for level, ratio in zip(sound.drawbars, DRAWBARS, strict=True):
        if hertz * ratio < 0.4 * sample_rate:
            wave = wave + level * np.sin(2 * np.pi * hertz * ratio * time)
    return wave


def _boom(sound: Patch, hertz: float, time: Wave, sample_rate: int) -> Wave:
    """The bass of an 808: a sine that falls onto its pitch, driven."""
    fall = 0.02 * (sound.sweep - 1) * (1 - np.exp(-time / 0.02))
    angle = 2 * np.pi * hertz * (time + fall)
    wave: Wave = np.tanh((0.5 + sound.index) * np.sin(angle))
    return wave


@dataclass(frozen=True)
class Drum:
    """A falling sine and filtered noise; low and high in hertz, times to a fall of 60 dB."""

    hertz: tuple[float, float]
    sine_seconds: tuple[float, float]
    noise_seconds: tuple[float, float]
    noise_band: tuple[float, float]
    noise_share: tuple[float, float]


MEMBRANES = {
    drums.KICK: Drum((40, 65), (0.25, 0.9), (0.01, 0.05), (1000, 6000), (0.02, 0.2)),
    drums.SNARE: Drum((150, 260), (0.1, 0.3), (0.15, 0.5), (800, 9000), (0.4, 0.9)),
    drums.STICK: Drum((400, 900), (0.03, 0.1), (0.02, 0.06), (1000, 6000), (0.2, 0.7)),
    drums.CLAP: Drum((900, 1200), (0.01, 0.02), (0.2, 0.5), (700, 5000), (0.95, 1.0)),
    drums.COWBELL: Drum((520, 640), (0.2, 0.5), (0.02, 0.05), (1000, 6000), (0.0, 0.1)),
    drums.CLAVES: Drum((1800, 2600), (0.05, 0.12), (0.01, 0.02), (2000, 6000), (0.0, 0.1)),
    drums.OPEN_CONGA: Drum((190, 260), (0.2, 0.5), (0.02, 0.05), (500, 4000), (0.05, 0.2)),
    drums.LOW_CONGA: Drum((130, 180), (0.2, 0.5), (0.02, 0.05), (500, 4000), (0.05, 0.2)),
    drums.TIMBALE: Drum((300, 420), (0.2, 0.5), (0.05, 0.2), (1000, 8000), (0.1, 0.4)),
}
NOISES = {  # seconds to a fall of 60 dB
    drums.CLOSED_HAT: (0.06, 0.2),
    drums.PEDAL_HAT: (0.05, 0.12),
    drums.OPEN_HAT: (0.4, 1.0),
    drums.CRASH: (1.2, 2.5),
    drums.RIDE: (0.6, 1.5),
    drums.RIDE_BELL: (0.6, 1.5),
    drums.TAMBOURINE: (0.1, 0.3),
    drums.SHAKER: (0.06, 0.15),
}


def hit(patch: int, drum: int, sample_rate: int) -> Samples:
    """A stroke (time,) of the drum machine `patch`. Raises KeyError for a drum it has not."""
    rng = np.random.default_rng((patch, drum))
    if drum in NOISES:
        return _cymbal(rng, float(rng.uniform(*NOISES[drum])), sample_rate)
    kind = MEMBRANES.get(drum)
    if drum in drums.TOMS:
        centre = 180 * 0.82 ** drums.TOMS.index(drum)
        low, high = 0.9 * centre, 1.1 * centre
        kind = Drum((low, high), (0.25, 0.7), (0.02, 0.1), (300, 4000), (0.05, 0.3))
    if kind is None:
        raise KeyError(f"the drum machine has no drum {drum}")
    return _membrane(rng, kind, sample_rate)


def _membrane(rng: np.random.Generator, kind: Drum, sample_rate: int) -> Samples:
    ring, rattle = rng.uniform(*kind.sine_seconds), rng.uniform(*kind.noise_seconds)
    hertz, share = rng.uniform(*kind.hertz), rng.uniform(*kind.noise_share)
    bend, fall = rng.uniform(0.1, 3.0), rng.uniform(0.008, 0.05)
    time = np.arange(round(max(ring, rattle) * sample_rate)) / sample_rate
    angle = 2 * np.pi * hertz * (time + bend * fall * (1 - np.exp(-time / fall)))
    noise = _band_noise(rng, len(time), kind.noise_band, sample_rate)
    body = (1 - share) * np.sin(angle) * np.exp(-6.9 * time / ring)
    return _finished(body + share * noise * np.exp(-6.9 * time / rattle), sample_rate)


def _cymbal(rng: np.random.Generator, seconds: float, sample_rate: int) -> Samples:
    """Noise over a cluster of inharmonic square waves, as drum machines have it."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    cluster = sum(np.sign(np.sin(2 * np.pi * hz * time)) for hz in rng.uniform(300, 1200, 6))
    metal = float(rng.uniform(0, 0.25))
    noise = rng.standard_normal(len(time)) + metal * np.asarray(cluster)
    low = float(rng.uniform(0.1, 0.25)) * min(sample_rate, 48000)
    sections = scipy.signal.butter(2, low, "highpass", fs=sample_rate, output="sos")
    high = scipy.signal.sosfilt(sections, noise)
    return _finished(high * np.exp(-6.9 * time / seconds), sample_rate)


def _band_noise(
    rng: np.random.Generator, n_samples: int, band: tuple[float, float], sample_rate: int
) -> Wave:
    edges = [band[0], min(band[1], 0.45 * sample_rate)]
    sections = scipy.signal.butter(1, edges, "bandpass", fs=sample_rate, output="sos")
    noise: Wave = scipy.signal.sosfilt(sections, rng.standard_normal(n_samples))
    return noise


def _finished(wave: Wave, sample_rate: int) -> Samples:
    n_edge = min(round(EDGE_SECONDS * sample_rate), len(wave))
    wave[len(wave) - n_edge :] *= np.linspace(1, 0, n_edge)
    return (0.5 * wave / max(float(np.abs(wave).max()), 1e-6)).astype(np.float32)

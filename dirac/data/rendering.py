"""Renders composed songs with the sound font that the package pretty_midi carries.

Not by symusic: its synthesizer (0.5.9) plays many programs out of tune, ignores velocity, cuts
notes off at their end and truncates snares (measured). Our sampler is dirac.data.soundfont.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
import scipy.signal

from dirac.data.music import drums
from dirac.data.music.song import Note, Part, Song
from dirac.data.soundfont import Samples, load_soundfont

OVERSAMPLING = 2  # recordings of 44.1 kHz would alias at the rates we use
DRUM_BANK = 128
PEAK = 0.9  # of the mixture, or of a stem if that is higher
WINDOW_SECONDS = 0.4
AUDIBLE_DB = -40.0  # windows this far below the loudest one do not count for a stem's loudness

# Loudness of a full stroke, in dB against the kick, over HIT_SECONDS: the kits of sound fonts
# differ in it by twenty dB.
BALANCE_DB = {
    drums.KICK: 0.0,
    drums.STICK: -7.0,
    drums.SNARE: -1.0,
    drums.CLAP: -3.0,
    drums.CLOSED_HAT: -11.0,
    drums.PEDAL_HAT: -13.0,
    drums.OPEN_HAT: -9.0,
    drums.CRASH: -6.0,
    drums.RIDE: -11.0,
    drums.RIDE_BELL: -11.0,
    drums.TAMBOURINE: -12.0,
    drums.OPEN_CONGA: -5.0,
    drums.LOW_CONGA: -4.0,
    drums.TIMBALE: -7.0,
    drums.COWBELL: -11.0,
    drums.SHAKER: -14.0,
    drums.CLAVES: -12.0,
    **dict.fromkeys(drums.TOMS, -2.0),
}
HIT_SECONDS = 0.4


def find_sound_font() -> Path:
    """TimGM6mb.sf2 of the package pretty_midi, which is not imported: it drags in much else.

    Raises FileNotFoundError if the package or its sound font is missing.
    """
    spec = importlib.util.find_spec("pretty_midi")
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    raise FileNotFoundError(
        "the sound font TimGM6mb.sf2 of the package pretty_midi is not installed: "
        "run `pip install pretty_midi`, which brings it"
    )


def render(song: Song, duration_seconds: float, sample_rate: int) -> list[Samples]:
    """One stem (time,) per part of the song, at its level: their sum is the mixture."""
    n_samples = round(duration_seconds * sample_rate)
    stems = []
    for part in song.parts:
        samples = _render_part(part, song.tempo, n_samples, sample_rate)
        gain = 10 ** (part.level_db / 20) / max(active_rms(samples, sample_rate), 1e-6)
        stems.append(samples * np.float32(gain))
    peak = max(float(np.abs(sounding).max()) for sounding in [sum(stems), *stems])
    return [stem * np.float32(PEAK / max(peak, 1e-6)) for stem in stems]


def active_rms(samples: Samples, sample_rate: int) -> float:
    """Root mean square over the windows in which something sounds; 0 for silence."""
    width = min(round(WINDOW_SECONDS * sample_rate), len(samples))
    windows = samples[: len(samples) // width * width].reshape(-1, width)
    powers = np.mean(np.square(windows, dtype=np.float64), axis=1)
    audible = powers[powers >= powers.max() * 10 ** (AUDIBLE_DB / 10)]
    return float(np.sqrt(audible.mean()))


def _render_part(part: Part, tempo: float, n_samples: int, sample_rate: int) -> Samples:
    rate = OVERSAMPLING * sample_rate
    track = np.zeros(OVERSAMPLING * n_samples, np.float32)
    for note in part.notes:
        start = round(note.start * 60 / tempo * rate)
        sound = _sound(part, note, tempo, rate)[: max(len(track) - start, 0)]
        track[start : start + len(sound)] += sound
    rendered: Samples = scipy.signal.resample_poly(track, 1, OVERSAMPLING).astype(np.float32)
    return rendered


def _sound(part: Part, note: Note, tempo: float, rate: int) -> Samples:
    """A note with its gain."""
    held_ms = round(note.duration * 60_000 / tempo)
    tone = _tone(part.program, part.is_drum, note.pitch, held_ms, rate)
    level_db = 40 * np.log10(note.velocity / 127)  # SoundFont 2.04, section 8.4.1
    if part.is_drum:
        level_db += _trim_db(part.program, note.pitch, rate)
    return tone * np.float32(10 ** (level_db / 20))


@functools.lru_cache(maxsize=64)
def _trim_db(kit: int, drum: int, rate: int) -> float:
    """What brings a stroke on this drum of this kit to its place in BALANCE_DB."""
    hit = _tone(kit, True, drum, round(1000 * HIT_SECONDS), rate)[: round(HIT_SECONDS * rate)]
    rms = np.sqrt(np.sum(np.square(hit, dtype=np.float64)) / (HIT_SECONDS * rate))
    return BALANCE_DB[drum] - 20 * float(np.log10(max(rms, 1e-6)))


@functools.lru_cache(maxsize=512)
def _tone(program: int, is_drum: bool, pitch: int, held_ms: int, rate: int) -> Samples:
    """A note at full velocity, with its release. Read-only."""
    bank, held_seconds = (DRUM_BANK if is_drum else 0), held_ms / 1000
    tone = load_soundfont(find_sound_font()).tone(bank, program, pitch, held_seconds, rate)
    tone.setflags(write=False)
    return tone

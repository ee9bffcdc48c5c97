"""Renders composed songs note by note with the sound font that the package pretty_midi carries.

symusic 0.5.9 ignores velocity and cuts every note off at its end (tried), so a note is rendered by
itself, longer than written, and gets its gain and its release here. Rendering is linear, and a
note takes a tenth of a millisecond.
"""

import functools
import importlib.util
from pathlib import Path

import numpy as np
import symusic
from numpy.typing import NDArray

from dirac.data.music import drums
from dirac.data.music.song import BASS, DRUMS, GUITAR, ORGAN, PIANO, STRINGS, Note, Part, Song

Samples = NDArray[np.float32]

QUALITY = 4  # symusic's best interpolation; above it 0.5.9 renders silence
TICKS_PER_SECOND = 960
PEAK = 0.9  # of the mixture, or of a stem if that is higher
RELEASE_SECONDS = {BASS: 0.07, PIANO: 0.2, GUITAR: 0.2, ORGAN: 0.06, STRINGS: 0.35, DRUMS: 0.2}
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
    drums.AGOGO: -14.0,
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
    track = np.zeros(n_samples, np.float32)
    for note in part.notes:
        start = round(note.start * 60 / tempo * sample_rate)
        sound = _sound(part, note, tempo, sample_rate)[: max(n_samples - start, 0)]
        track[start : start + len(sound)] += sound
    return track


def _sound(part: Part, note: Note, tempo: float, sample_rate: int) -> Samples:
    """A note with its gain, fading out over its release."""
    seconds = note.duration * 60 / tempo
    n_release = round(RELEASE_SECONDS[part.inst_class] * sample_rate)
    n_samples = round(seconds * sample_rate) + n_release
    tone = _tone(part.program, part.is_drum, note.pitch, n_samples, sample_rate)
    fade = np.linspace(1, 0, n_release, dtype=np.float32) ** 2
    level_db = 40 * np.log10(note.velocity / 127)  # SoundFont 2.04, 8.4.1
    if part.is_drum:
        level_db += _trim_db(part.program, note.pitch, sample_rate)
    sound = tone * np.float32(10 ** (level_db / 20))
    sound[len(sound) - n_release :] *= fade
    return sound


@functools.lru_cache(maxsize=64)
def _trim_db(kit: int, drum: int, sample_rate: int) -> float:
    """What brings a stroke on this drum of this kit to its place in BALANCE_DB."""
    hit = _tone(kit, True, drum, round(HIT_SECONDS * sample_rate), sample_rate)
    rms = float(np.sqrt(np.mean(np.square(hit, dtype=np.float64))))
    return BALANCE_DB[drum] - 20 * float(np.log10(max(rms, 1e-6)))


@functools.lru_cache(maxsize=512)
def _tone(program: int, is_drum: bool, pitch: int, n_samples: int, sample_rate: int) -> Samples:
    """n_samples of a held note; silence from where its sample ends. Read-only."""
    score = symusic.Score(TICKS_PER_SECOND)
    score.tempos.append(symusic.Tempo(0, qpm=60))
    track = symusic.Track(name="", program=program, is_drum=is_drum)
    duration = -(-n_samples * TICKS_PER_SECOND // sample_rate)
    track.notes.append(symusic.Note(0, duration, pitch, 100))
    score.tracks.append(track)
    rendered = _synthesizer(sample_rate).render(score, stereo=False)
    samples = np.asarray(rendered, dtype=np.float32)[0, :n_samples]
    tone = np.pad(samples, (0, n_samples - len(samples)))
    tone.setflags(write=False)
    return tone


@functools.cache
def _synthesizer(sample_rate: int) -> symusic.Synthesizer:
    return symusic.Synthesizer(str(find_sound_font()), sample_rate, QUALITY)

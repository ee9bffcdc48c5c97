"""Renders composed songs with sound fonts, drum kits and the synthesizer.

Not by symusic: its synthesizer (0.5.9) plays many programs out of tune, ignores velocity, cuts
notes off at their end and truncates snares (measured). Our sampler is dirac.data.soundfont.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy.signal

from dirac.data import synthesis
from dirac.data.banks import MIDDLE, Bank, Instruments
from dirac.data.music import drums
from dirac.data.music.song import Note, Part
from dirac.data.soundfont import Samples
from dirac.data.tuning import draw_tuning, tuned

OVERSAMPLING = 2  # recordings of 44.1 kHz would alias at the rates we use
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
INAUDIBLE = 1e-3  # peak of a sound that a bank may as well not have


# Which drum plays for one that a kit lacks, before the built-in kit does.
SUBSTITUTES = {
    drums.RIDE_BELL: drums.RIDE,
    drums.PEDAL_HAT: drums.CLOSED_HAT,
    drums.STICK: drums.SNARE,
}
VOICES = {
    "kick": (drums.KICK,),
    "snare": (drums.SNARE, drums.STICK, drums.CLAP),
    "hats": (drums.CLOSED_HAT, drums.PEDAL_HAT, drums.OPEN_HAT),
    "toms": drums.TOMS,
    "cymbals": (drums.CRASH, drums.RIDE, drums.RIDE_BELL),
}
PERCUSSION = "percussion"  # every other drum


def render_voices(
    part: Part, tempo: float, n_samples: int, sample_rate: int, instruments: Instruments
) -> dict[str, Samples]:
    """The stems (time,) of a drum kit's voices, before any gain: they add up to the part."""
    voices = {name: _notes_of(part, members) for name, members in VOICES.items()}
    known = {drum for members in VOICES.values() for drum in members}
    voices[PERCUSSION] = tuple(note for note in part.notes if note.pitch not in known)
    return {
        name: render_part(replace(part, notes=notes), tempo, n_samples, sample_rate, instruments)
        for name, notes in voices.items()
    }


def _notes_of(part: Part, members: tuple[int, ...]) -> tuple[Note, ...]:
    return tuple(note for note in part.notes if note.pitch in members)


def active_rms(samples: Samples, sample_rate: int) -> float:
    """Root mean square over the windows in which something sounds; 0 for silence."""
    width = min(round(WINDOW_SECONDS * sample_rate), len(samples))
    windows = samples[: len(samples) // width * width].reshape(-1, width)
    powers = np.mean(np.square(windows, dtype=np.float64), axis=1)
    audible = powers[powers >= powers.max() * 10 ** (AUDIBLE_DB / 10)]
    return float(np.sqrt(audible.mean()))


def render_part(
    part: Part, tempo: float, n_samples: int, sample_rate: int, instruments: Instruments
) -> Samples:
    rate = OVERSAMPLING * sample_rate
    track = np.zeros(OVERSAMPLING * n_samples, np.float32)
    banks = instruments.banks
    source = (part.program, part.patch, part.tuning, part.inst_class)
    player = _Player(banks[part.bank], *source, banks[0], rate)
    for note in part.notes:
        start = round(note.start * 60 / tempo * rate)
        sound = _sound(player, part, note, tempo)[: max(len(track) - start, 0)]
        track[start : start + len(sound)] += sound
    rendered: Samples = scipy.signal.resample_poly(track, 1, OVERSAMPLING).astype(np.float32)
    return rendered


class _Player(NamedTuple):
    """What makes a part's notes sound, a key of the caches."""

    bank: Bank
    program: int
    patch: int | None
    tuning: int | None
    inst_class: str
    standard: Bank  # the built-in one, which has every sound
    rate: int


def _sound(player: _Player, part: Part, note: Note, tempo: float) -> Samples:
    """A note with its gain."""
    held_ms = round(note.duration * 60_000 / tempo)
    velocity = MIDDLE if player.patch is not None else player.bank.layer(note.velocity)
    level_db = 40 * np.log10(note.velocity / 127)  # SoundFont 2.04, section 8.4.1
    if part.is_drum:
        level_db += _trim_db(player, note.pitch, velocity)
        level_db += part.kick_db if note.pitch == drums.KICK else 0.0
        tone = _stroke(player, note.pitch, velocity, held_ms)
    else:
        tone = _tone(player, note.pitch, velocity, held_ms)
    return tone * np.float32(10 ** (level_db / 20))


@functools.lru_cache(maxsize=256)
def _trim_db(player: _Player, drum: int, velocity: int) -> float:
    """What brings a stroke on this drum of this kit to its place in BALANCE_DB."""
    hit = _stroke(player, drum, velocity, round(1000 * HIT_SECONDS))
    hit = hit[: round(HIT_SECONDS * player.rate)]
    rms = np.sqrt(np.sum(np.square(hit, dtype=np.float64)) / (HIT_SECONDS * player.rate))
    return BALANCE_DB[drum] - 20 * float(np.log10(max(rms, 1e-6)))


@functools.lru_cache(maxsize=512)
def _stroke(player: _Player, drum: int, velocity: int, held_ms: int) -> Samples:
    """A stroke, of a related drum or the built-in standard kit if the drawn kit has nothing for it.
    Read-only."""
    if player.patch is not None:
        return _frozen(synthesis.hit(player.patch, drum, player.rate))
    own, standard = (player.bank, player.program), (player.standard, 0)
    tried = [(*own, drum), (*own, SUBSTITUTES.get(drum, drum)), (*standard, drum)]
    stroke = _first_heard(
        functools.partial(bank.drum, kit, played, velocity, held_ms / 1000, player.rate)
        for bank, kit, played in tried
    )
    if player.tuning is None:
        return stroke
    return _frozen(tuned(stroke, draw_tuning(player.tuning, drum), player.rate))


@functools.lru_cache(maxsize=512)
def _tone(player: _Player, pitch: int, velocity: int, held_ms: int) -> Samples:
    """A note at full loudness, with its release; of the built-in program if the drawn one is
    silent at this pitch. Read-only."""
    held_seconds, rate = held_ms / 1000, player.rate
    if player.patch is not None:
        return _frozen(synthesis.tone(player.patch, player.inst_class, pitch, held_seconds, rate))
    return _first_heard(
        functools.partial(bank.tone, player.program, pitch, velocity, held_seconds, rate)
        for bank in (player.bank, player.standard)
    )


def _first_heard(attempts: Iterable[Callable[[], Samples]]) -> Samples:
    """The first sound that there is; silence if there is none."""
    for attempt in attempts:
        try:
            sound = attempt()
        except KeyError:
            continue
        if np.abs(sound).max(initial=0) > INAUDIBLE:
            return _frozen(sound)
    return _frozen(np.zeros(0, np.float32))


def _frozen(sound: Samples) -> Samples:
    sound.setflags(write=False)
    return sound

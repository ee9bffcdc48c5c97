"""What a composed song is: notes in beats, before any sound."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np

Option = TypeVar("Option")

# Slakh2100's names of the instrument classes (`inst_class` in metadata.yaml).
DRUMS = "Drums"
BASS = "Bass"
PIANO = "Piano"
GUITAR = "Guitar"
ORGAN = "Organ"
STRINGS = "Strings (continued)"

LONGEST_HELD = 4.0  # beats
STEPS_PER_BEAT = 4  # patterns are written in sixteenths


class Note(NamedTuple):
    """start and duration in beats from the beginning of the song; pitch and velocity as in MIDI."""

    start: float
    duration: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Chord:
    """root and tones as pitch classes (0 is C); the root is the first tone."""

    tones: tuple[int, ...]

    @property
    def root(self) -> int:
        return self.tones[0]

    def voiced(self, lowest: int) -> list[int]:
        """The tones in closest position within the octave that begins at the pitch `lowest`."""
        return sorted(lowest + (tone - lowest) % 12 for tone in self.tones)


@dataclass(frozen=True)
class Bar:
    """One bar as every player sees it: where it is, what it sounds on, who plays."""

    start: float  # beats
    n_beats: int
    section: str
    is_first: bool  # of its section
    is_last: bool
    energy: float  # 0 quiet to 1 loud
    present: frozenset[str]  # instrument classes
    chords: tuple[Chord, Chord]  # first and second half
    following: Chord  # that of the next bar: bass players lead to it
    scale: tuple[int, ...]  # pitch classes of the key

    @property
    def n_steps(self) -> int:
        return self.n_beats * STEPS_PER_BEAT

    def chord_at(self, step: int) -> Chord:
        return self.chords[min(2 * step // self.n_steps, 1)]

    def note(self, step: float, n_steps: float, pitch: int, velocity: float) -> Note:
        """A note at a sixteenth of this bar; loud sections are played louder."""
        played = round(velocity * (0.8 + 0.25 * self.energy))
        start = self.start + step / STEPS_PER_BEAT
        return Note(start, n_steps / STEPS_PER_BEAT, pitch, min(max(played, 1), 127))


@dataclass(frozen=True)
class Part:
    """One instrument of a song; the program is a drum kit's when the class is drums. It is played
    by a bank, counted from the built-in one, drums perhaps with the tuning of this seed, or by the
    synthesizer with the patch of this seed."""

    inst_class: str
    program: int
    level_db: float  # loudness in the mix, against the other parts
    notes: tuple[Note, ...]
    bank: int = 0
    patch: int | None = None
    tuning: int | None = None
    kick_db: float = 0.0  # over the kit: in a mix most of the drums' power is the kick's

    @property
    def is_drum(self) -> bool:
        return self.inst_class == DRUMS

    def held(self) -> "Part":
        """The same notes, each held until the next one begins, but for long rests."""
        notes = sorted(self.notes)
        gaps = [after.start - note.start for note, after in itertools.pairwise(notes)]
        return replace(
            self,
            notes=tuple(
                note._replace(duration=gap) if note.duration < gap <= LONGEST_HELD else note
                for note, gap in zip(notes, [*gaps, 0.0], strict=True)
            ),
        )


@dataclass(frozen=True)
class Song:
    style: str
    tempo: float  # beats per minute
    bars: tuple[Bar, ...]
    parts: tuple[Part, ...]


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    return options[int(rng.integers(len(options)))]


def happens(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)

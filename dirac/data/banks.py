"""The instruments that a song can be played on: sound fonts, drum kits and the synthesizer."""

import functools
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dirac.data.drumkits import load_drumkit
from dirac.data.errors import DataError
from dirac.data.music import drums
from dirac.data.music.song import happens, pick
from dirac.data.soundfont import Samples, load_soundfont

DRUM_BANK = 128
ESSENTIAL = (drums.KICK, drums.SNARE)  # what a drum kit must have
MELODIC = range(60, 73)  # where a font of one program must sound, or it is a drum kit
LAYERS = (50, 85, 115)  # the velocities that instruments with layers are sampled at
MIDDLE = 100
SYNTHESIS = "synthesis"


@dataclass(frozen=True)
class Bank:
    """Programs and kits that one file offers, by their numbers in General MIDI."""

    path: Path
    programs: frozenset[int]
    kits: frozenset[int]

    @property
    def is_empty(self) -> bool:
        return not self.programs and not self.kits

    def layer(self, velocity: int) -> int:
        """The velocity that stands for this one: those that sound the same share it."""
        if self.path.is_file() and not load_soundfont(self.path).has_layers:
            return MIDDLE
        return min(LAYERS, key=lambda layer: abs(layer - velocity))

    def drum(
        self, kit: int, drum: int, velocity: int, held_seconds: float, sample_rate: int
    ) -> Samples:
        """A stroke (time,) at no set loudness. Raises KeyError if the kit lacks the drum."""
        if self.path.is_dir():
            return load_drumkit(self.path).tone(drum, velocity, sample_rate)
        font = load_soundfont(self.path)
        is_kit_alone = not self.programs and (DRUM_BANK, kit) not in font.places()
        place = (0 if is_kit_alone else DRUM_BANK, kit)
        return font.tone(place, drum, velocity, held_seconds, sample_rate)

    def tone(
        self, program: int, pitch: int, velocity: int, held_seconds: float, sample_rate: int
    ) -> Samples:
        """A note (time,) at full loudness. Raises KeyError if the program lacks the pitch."""
        font = load_soundfont(self.path)
        return font.tone((0, program), pitch, velocity, held_seconds, sample_rate)


class Source(NamedTuple):
    """Who plays a part: see `Part`."""

    program: int
    bank: int = 0
    patch: int | None = None
    tuning: int | None = None


@dataclass(frozen=True)
class Instruments:
    """The banks, the built-in one first, the share of the parts that are synthesized, and of the
    sampled kits that are tuned."""

    banks: tuple[Bank, ...]
    synthesis: float = 0.0
    tuning: float = 0.0

    def draw(self, rng: np.random.Generator, programs: Sequence[int], is_drum: bool) -> Source:
        """One of the programs (kits for drums), from a bank that has it. Kits of extra banks count
        whatever their number, since kits beyond General MIDI's have no agreed one."""
        if self.synthesis > 0 and happens(rng, self.synthesis):
            return Source(pick(rng, programs), patch=int(rng.integers(2**32)))
        offers = [self._offered(bank, programs, is_drum) for bank in self.banks]
        number = pick(rng, [number for number, offered in enumerate(offers) if offered])
        program = pick(rng, offers[number])
        is_tuned = is_drum and self.tuning > 0 and happens(rng, self.tuning)
        return Source(program, number, tuning=int(rng.integers(2**32)) if is_tuned else None)

    def _offered(self, bank: Bank, programs: Sequence[int], is_drum: bool) -> list[int]:
        if not is_drum:
            return sorted(bank.programs & set(programs))
        is_extra = bank is not self.banks[0]
        return sorted(bank.kits & set(programs)) or (sorted(bank.kits) if is_extra else [])

    def name(self, bank: int, patch: int | None) -> str:
        return SYNTHESIS if patch is not None else self.banks[bank].path.name


def load_instruments(
    extra: tuple[Path, ...] = (), synthesis: float = 0.0, tuning: float = 0.0
) -> Instruments:
    """The built-in bank and those named: sound fonts, Hydrogen kits, or folders of both.

    Raises FileNotFoundError if one is missing, DataError if it holds no instrument we can use.
    """
    return Instruments(
        tuple(map(_open_bank, _files((find_sound_font(), *(path.expanduser() for path in extra))))),
        synthesis,
        tuning,
    )


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


def _files(named: tuple[Path, ...]) -> list[Path]:
    """Sound fonts and kits, each once; of a folder of banks, those that can serve."""
    found: list[Path] = []
    for path in named:
        if not path.exists():
            raise FileNotFoundError(f"the instrument bank {path} is missing (data.synthetic.banks)")
        inside = [path]
        if path.is_dir() and not (path / "drumkit.xml").is_file():
            fonts_and_kits = [
                *path.glob("*.sf2"),
                *(kit.parent for kit in path.glob("*/drumkit.xml")),
            ]
            inside = [one for one in sorted(fonts_and_kits) if not _open_bank(one).is_empty]
        if not inside or _open_bank(inside[0]).is_empty:
            raise DataError(f"{path} holds no instruments or drum kits of General MIDI")
        found += inside
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(path.resolve(), path)
    return list(once.values())


@functools.cache
def _open_bank(path: Path) -> Bank:
    if path.is_dir():
        is_kit = set(ESSENTIAL) <= set(load_drumkit(path).layers)
        return Bank(path, frozenset(), frozenset({0} if is_kit else ()))
    try:
        font = load_soundfont(path)
    except ValueError as error:
        raise DataError(str(error)) from error
    places = font.places()
    with_drums = {place for place in places if all(font.sounds_at(place, n) for n in ESSENTIAL)}
    kits = frozenset(program for bank, program in with_drums if bank == DRUM_BANK)
    programs = frozenset(program for bank, program in places if bank == 0)
    if len(places) == 1 and with_drums and not all(font.sounds_at(places[0], n) for n in MELODIC):
        return Bank(path, frozenset(), kits or programs)
    return Bank(path, programs, kits)

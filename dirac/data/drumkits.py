"""Drum kits in Hydrogen's format: a folder with drumkit.xml and a sample for every layer."""

import functools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from dirac.data.errors import DataError
from dirac.data.music import drums
from dirac.data.soundfont import Samples

# What instruments are called, the more special names first.
NAMES = (
    (r"roll|sample:|choke|swish|splash|china|finger|opaco", ()),
    (r"(hat|hh).*(ped|pd|foot)|(ped|foot).*(hat|hh)", (drums.PEDAL_HAT,)),
    (r"semi", ()),
    (r"(hat|hh).*\bop|op\w* ?(hat|hh)|ohh", (drums.OPEN_HAT,)),
    (r"hat|hh|hi-?hat", (drums.CLOSED_HAT,)),
    (r"kick|bass ?drum|cajon thump", (drums.KICK,)),
    (r"snare|cajon slap", (drums.SNARE,)),
    (r"stick|rim ?click", (drums.STICK,)),
    (r"clap", (drums.CLAP,)),
    (r"ride.*(bell|cup)|paiste bell", (drums.RIDE_BELL,)),
    (r"crash", (drums.CRASH,)),
    (r"ride", (drums.RIDE,)),
    (r"tom.*(low|floor)|(low|floor).*tom", (drums.TOMS[4], drums.TOMS[5])),
    (r"tom.*(hi|1)|hi\w* tom", (drums.TOMS[0], drums.TOMS[1])),
    (r"\btom", (drums.TOMS[2], drums.TOMS[3])),
    (r"cowbell", (drums.COWBELL,)),
    (r"tambourine", (drums.TAMBOURINE,)),
    (r"maraca|shaker", (drums.SHAKER,)),
    (r"clave", (drums.CLAVES,)),
    (r"conga 1|bongo hi", (drums.OPEN_CONGA,)),
    (r"conga|bongo lo", (drums.LOW_CONGA,)),
)
LONGEST_SECONDS = 4.0
FADE_SECONDS = 0.05


@dataclass(frozen=True)
class Layer:
    """A recording for velocities from lowest to highest, which are parts of the full one."""

    file: Path
    lowest: float
    highest: float
    semitones: float


@dataclass(frozen=True)
class Drumkit:
    layers: Mapping[int, tuple[Layer, ...]]  # of a General MIDI drum

    def tone(self, drum: int, velocity: int, sample_rate: int) -> Samples:
        """A stroke (time,) with the layer of this MIDI velocity, at no set loudness. Raises
        KeyError if the kit lacks the drum, DataError if its file cannot be read."""
        middle, layers = velocity / 127, self.layers[drum]
        layer = min(layers, key=lambda one: max(one.lowest - middle, middle - one.highest))
        return _read(layer, sample_rate)


@functools.cache
def load_drumkit(folder: Path) -> Drumkit:
    """Reads drumkit.xml, taking of several instruments of one kind the first.

    Raises DataError if the file is broken, FileNotFoundError if there is none.
    """
    text = (folder / "drumkit.xml").read_text(encoding="utf-8", errors="replace")
    try:
        root = ElementTree.fromstring(re.sub(r'\sxmlns(:\w+)?="[^"]*"|xsi:\w+="[^"]*"', "", text))
    except ElementTree.ParseError as error:
        raise DataError(f"{folder / 'drumkit.xml'} is broken: {error}") from error
    layers: dict[int, tuple[Layer, ...]] = {}
    for instrument in root.iter("instrument"):
        found = _layers(folder, instrument)
        for drum in _drums_called(instrument.findtext("name") or "") if found else ():
            layers.setdefault(drum, found)
    return Drumkit(layers)


def _drums_called(name: str) -> tuple[int, ...]:
    brandless = re.sub(r"\(.*", "", name.lower())
    for pattern, named in NAMES:
        if re.search(pattern, brandless):
            return named
    return ()


def _layers(folder: Path, instrument: ElementTree.Element) -> tuple[Layer, ...]:
    """Those whose recording exists: published kits name some that they do not carry. Old kits have
    no layers but one file, whose name is the instrument's own."""
    found = []
    for element in list(instrument.iter("layer")) or [instrument]:
        name = element.findtext("filename")
        if not name or not (folder / name).is_file():
            continue
        try:
            lowest, highest, pitch = (
                float(element.findtext(key) or default)
                for key, default in (("min", 0), ("max", 1), ("pitch", 0))
            )
        except ValueError as error:
            raise DataError(
                f"{folder / 'drumkit.xml'} has a layer of no number: {error}"
            ) from error
        found.append(Layer(folder / name, lowest, highest, pitch))
    return tuple(found)


def _read(layer: Layer, sample_rate: int) -> Samples:
    try:
        samples, rate = soundfile.read(layer.file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"the drum sample {layer.file} cannot be read: {error}") from error
    mono = np.mean(samples, axis=1)
    step = rate * 2 ** (layer.semitones / 12) / sample_rate
    n_samples = min(int((len(mono) - 1) / step), round(LONGEST_SECONDS * sample_rate))
    stroke = np.interp(np.arange(max(n_samples, 0)) * step, np.arange(len(mono)), mono)
    n_fade = min(round(FADE_SECONDS * sample_rate), len(stroke))
    stroke[len(stroke) - n_fade :] *= np.linspace(1, 0, n_fade)
    return stroke.astype(np.float32)

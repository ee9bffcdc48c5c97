"""A small sampler for SoundFont 2 files (SoundFont Technical Specification 2.04).

It keeps what the sound of a note needs most: key ranges, tuning, loops, attenuation, the volume
envelope and the low-pass filter. Modulators, pan, LFOs and effects are left out.
"""

import functools
import itertools
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Generators = Mapping[int, int]

# Records of the "hydra", section 7 of the specification.
PRESET = [("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")]
BAG = [("generator", "<u2"), ("modulator", "<u2")]
GENERATOR = [("kind", "<u2"), ("amount", "<i2")]
INSTRUMENT = [("name", "S20"), ("bag", "<u2")]
SAMPLE = [
    ("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
    ("rate", "<u4"), ("pitch", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2"),
]  # fmt: skip

REQUIRED = {b"smpl", b"phdr", b"pbag", b"pgen", b"inst", b"ibag", b"igen", b"shdr"}

# Generators, section 8.1.2.
START, END, LOOP_START, LOOP_END, FILTER = 0, 1, 2, 3, 8
ATTACK, HOLD, DECAY, SUSTAIN, RELEASE = 34, 35, 36, 37, 38
INSTRUMENT_OF, KEYS, VELOCITIES, ATTENUATION = 41, 43, 44, 48
COARSE_TUNE, FINE_TUNE, SAMPLE_OF, SAMPLE_MODES, SCALE_TUNING, ROOT_KEY = 51, 52, 53, 54, 56, 58
DEFAULTS = {FILTER: 13500, SCALE_TUNING: 100, ROOT_KEY: -1} | dict.fromkeys(
    (ATTACK, HOLD, DECAY, RELEASE), -12000
)
NOT_ADDED = {KEYS, VELOCITIES, INSTRUMENT_OF, SAMPLE_OF, SAMPLE_MODES, ROOT_KEY}
OPEN_FILTER_HZ = 9000.0
LONGEST_RELEASE_SECONDS = 0.6
EVERY_VALUE = 127 << 8  # a range of keys or velocities, the lowest in the low byte


@dataclass(frozen=True)
class SoundFont:
    """samples stay in the file, as the 16-bit numbers they are."""

    samples: NDArray[np.int16]
    presets: NDArray[np.void]
    preset_zones: list[dict[int, int]]
    instruments: NDArray[np.void]
    instrument_zones: list[dict[int, int]]
    headers: NDArray[np.void]

    def tone(
        self,
        place: tuple[int, int],
        pitch: int,
        velocity: int,
        held_seconds: float,
        sample_rate: int,
    ) -> Samples:
        """A note (time,) of the program at `place` (bank, program), held and then released. The
        velocity chooses the layer; the loudness is the caller's. Raises KeyError if the font has
        no such program, or the program nothing at this pitch."""
        voices = [
            self._voice(generators, pitch, held_seconds, sample_rate)
            for generators in self._regions(place, pitch, velocity)
        ]
        if not voices:
            raise KeyError(f"bank {place[0]}, program {place[1]} has no sound at pitch {pitch}")
        tone = np.zeros(max(map(len, voices)), np.float32)
        for voice in voices:
            tone[: len(voice)] += voice
        return tone

    def places(self) -> list[tuple[int, int]]:
        """(bank, program) of every preset; the last record only ends the list."""
        return [(int(preset["bank"]), int(preset["program"])) for preset in self.presets[:-1]]

    @functools.cached_property
    def has_layers(self) -> bool:
        """Whether what sounds depends on the velocity."""
        zones = (*self.preset_zones, *self.instrument_zones)
        return any(zone.get(VELOCITIES, EVERY_VALUE) & 0xFFFF != EVERY_VALUE for zone in zones)

    def sounds_at(self, place: tuple[int, int], pitch: int) -> bool:
        """Whether the program at `place` has a sample for this pitch, struck half hard."""
        return any(True for _ in self._regions(place, pitch, 100))

    def _regions(
        self, place: tuple[int, int], pitch: int, velocity: int
    ) -> Iterator[dict[int, int]]:
        """The generators of every sample that sounds, those of the preset added."""
        bank, program = place
        found = (self.presets["bank"] == bank) & (self.presets["program"] == program)
        for preset in np.flatnonzero(found[:-1]).tolist():
            for outer in self._zones(preset, INSTRUMENT_OF, pitch, velocity):
                for inner in self._zones(outer[INSTRUMENT_OF], SAMPLE_OF, pitch, velocity):
                    added = {kind: n for kind, n in outer.items() if kind not in NOT_ADDED}
                    region = DEFAULTS | inner
                    yield region | {kind: region.get(kind, 0) + n for kind, n in added.items()}

    def _zones(self, owner: int, leaf: int, pitch: int, velocity: int) -> Iterator[dict[int, int]]:
        """The zones of one preset or instrument (leaf says which) that sound at this pitch and
        velocity, its global zone joined."""
        owners, zones = self.instruments, self.instrument_zones
        if leaf == INSTRUMENT_OF:
            owners, zones = self.presets, self.preset_zones
        shared: dict[int, int] = {}
        first = int(owners[owner]["bag"])
        for number, zone in enumerate(zones[first : int(owners[owner + 1]["bag"])]):
            joined = shared | zone
            if leaf not in zone:
                shared = zone if number == 0 else shared
            elif _covers(joined, KEYS, pitch) and _covers(joined, VELOCITIES, velocity):
                yield joined

    def _voice(
        self, generators: Generators, pitch: int, held_seconds: float, sample_rate: int
    ) -> Samples:
        envelope = _envelope(generators, held_seconds, sample_rate)
        header = self.headers[generators[SAMPLE_OF]]
        start = int(header["start"]) + generators.get(START, 0)
        end = int(header["end"]) + generators.get(END, 0)
        positions = np.arange(len(envelope)) * (_ratio(header, generators, pitch) / sample_rate)
        if generators.get(SAMPLE_MODES, 0) & 1:
            first = int(header["loop_start"]) + generators.get(LOOP_START, 0) - start
            last = int(header["loop_end"]) + generators.get(LOOP_END, 0) - start
            looped = positions >= last
            positions[looped] = first + (positions[looped] - first) % max(last - first, 1)
        else:
            positions = positions[: np.searchsorted(positions, end - start - 1)]
        whole = positions.astype(np.int64)
        part = (positions - whole).astype(np.float32)
        needed = start + int(whole.max(initial=0)) + 2
        source = self.samples[start : min(end + 1, needed)].astype(np.float32) / np.float32(32768)
        if len(source) < 2 or len(whole) == 0:
            return np.zeros(0, np.float32)
        whole = np.minimum(whole, len(source) - 2)
        voice = source[whole] * (1 - part) + source[whole + 1] * part
        return _low_pass(voice * envelope[: len(voice)], generators[FILTER], sample_rate)


@functools.cache
def load_soundfont(path: Path) -> SoundFont:
    """Opens a SoundFont 2 file, whose samples (hundreds of megabytes) stay on disk until a note
    needs them. Raises FileNotFoundError if there is none, ValueError if it is no sound font."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[:4] != b"RIFF" or start[8:] != b"sfbk":
        raise ValueError(f"{path} is not a SoundFont 2 file")
    data = np.memmap(path, np.uint8, mode="r").data
    chunks = dict(_chunks(data, 12))
    if missing := REQUIRED - set(chunks):
        raise ValueError(f"{path} is not a SoundFont 2 file: it has no {sorted(missing)[0]!r}")
    samples = np.frombuffer(chunks[b"smpl"], "<i2")
    return SoundFont(
        samples=samples,
        presets=np.frombuffer(chunks[b"phdr"], PRESET),
        preset_zones=_read_zones(chunks[b"pbag"], chunks[b"pgen"]),
        instruments=np.frombuffer(chunks[b"inst"], INSTRUMENT),
        instrument_zones=_read_zones(chunks[b"ibag"], chunks[b"igen"]),
        headers=np.frombuffer(chunks[b"shdr"], SAMPLE),
    )


def _chunks(data: memoryview, start: int) -> Iterator[tuple[bytes, memoryview]]:
    """All chunks that are no lists, those within lists too."""
    while start + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, start)
        body = data[start + 8 : start + 8 + size]
        if name == b"LIST":
            yield from _chunks(body, 4)
        else:
            yield name, body
        start += 8 + size + size % 2


def _read_zones(bags: memoryview, generators: memoryview) -> list[dict[int, int]]:
    starts = np.frombuffer(bags, BAG)["generator"]
    records = np.frombuffer(generators, GENERATOR).tolist()
    return [dict(records[start:end]) for start, end in itertools.pairwise(starts)]


def _covers(zone: Generators, kind: int, value: int) -> bool:
    span = zone.get(kind, EVERY_VALUE) & 0xFFFF
    return span & 0xFF <= value <= span >> 8


def _ratio(header: np.void, generators: Generators, pitch: int) -> float:
    """Samples of the recording per second of sound."""
    root = generators[ROOT_KEY] if generators[ROOT_KEY] >= 0 else int(header["pitch"])
    cents = (pitch - root) * generators[SCALE_TUNING] + int(header["correction"])
    cents += 100 * generators.get(COARSE_TUNE, 0) + generators.get(FINE_TUNE, 0)
    return float(header["rate"] * 2.0 ** (cents / 1200))


def _envelope(generators: Generators, held_seconds: float, sample_rate: int) -> Samples:
    """Gain over time: a linear attack, then decay and release straight in decibels (100 dB in the
    times given, section 8.1.2)."""
    attack, hold, decay, release = (
        2.0 ** (generators[kind] / 1200) for kind in (ATTACK, HOLD, DECAY, RELEASE)
    )
    release = min(max(release, 0.03), LONGEST_RELEASE_SECONDS)
    time = np.arange(round((held_seconds + release) * sample_rate)) / sample_rate
    fallen = np.clip((time - attack - hold) / decay * 100, 0, generators.get(SUSTAIN, 0) / 10)
    released = np.clip((time - held_seconds) / release, 0, None) * 100
    level = -fallen - released - 0.4 * generators.get(ATTENUATION, 0) / 10
    envelope: Samples = (np.minimum(time / attack, 1) * 10 ** (level / 20)).astype(np.float32)
    return envelope


def _low_pass(voice: Samples, cutoff_cents: int, sample_rate: int) -> Samples:
    cutoff = 8.176 * 2.0 ** (cutoff_cents / 1200)
    if cutoff >= min(OPEN_FILTER_HZ, 0.45 * sample_rate):
        return voice
    sections = scipy.signal.butter(2, cutoff, fs=sample_rate, output="sos")
    return np.asarray(scipy.signal.sosfilt(sections, voice), np.float32)

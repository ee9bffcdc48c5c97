"""Audio files as the world has them: odd but sound, and broken in every way that came to mind."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

Writer = Callable[[Path], Path]
RATE = 8000
FORMATS = [
    ("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("WAVEX", "PCM_24"),
    ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"), ("AU", "ULAW"), ("CAF", "ALAC_16"), ("W64", "PCM_16"), ("RF64", "PCM_16"),
]  # fmt: skip


def tone(seconds: float = 0.3, n_channels: int = 1, rate: int = RATE) -> np.ndarray:
    """(time, channels)"""
    time = np.arange(round(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * (220 + 50 * c) * time) for c in range(n_channels)], 1)


def written(name: str, subtype: str = "PCM_16", form: str = "WAV", **shape: float) -> Writer:
    rate = int(shape.get("rate", RATE))

    def write(folder: Path) -> Path:
        path = folder / name
        wave = tone(shape.get("seconds", 0.3), int(shape.get("n_channels", 1)), rate)
        soundfile.write(os.fsencode(path), wave, rate, subtype, format=form)
        return path

    return write


def samples(name: str, *values: float) -> Writer:
    """A tone with other values at its end."""

    def write(folder: Path) -> Path:
        wave = np.concatenate([tone(), np.array(values)[:, None]])
        soundfile.write(folder / name, wave, RATE, "FLOAT")
        return folder / name

    return write


def content(name: str, data: bytes) -> Writer:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


def changed(name: str, writer: Writer, change: Callable[[bytes], bytes]) -> Writer:
    def write(folder: Path) -> Path:
        original = writer(folder)
        data = change(original.read_bytes())
        original.unlink()
        return content(name, data)(folder)

    return write


def linked(name: str, target: str) -> Writer:
    def write(folder: Path) -> Path:
        written("target.wav")(folder)
        (folder / name).symlink_to(target)
        return folder / name

    return write


def made(name: str, make: Callable[[Path], None]) -> Writer:
    def write(folder: Path) -> Path:
        make(folder / name)
        return folder / name

    return write


def field(offset: int, form: str, value: int) -> Callable[[bytes], bytes]:
    """One number of a header, replaced."""
    new = struct.pack(form, value)
    return lambda data: data[:offset] + new + data[offset + len(new) :]


def endless(flac: bytes) -> bytes:
    """All 36 bits that count the samples set."""
    return flac[:21] + bytes([flac[21] | 0x0F]) + b"\xff" * 4 + flac[26:]


def uncounted(mp3: bytes) -> bytes:
    """Without its first frame, which tells how many follow."""
    return mp3[mp3.index(mp3[:2], 2) :]


SOUND: dict[str, Writer] = {
    "8 bits": written("a.wav", "PCM_U8"),
    "192 kHz": written("a.flac", "PCM_24", "FLAC", rate=192_000),
    "a rate without divisors": written("a.wav", rate=44_101),
    "7 channels": written("a.wav", n_channels=7),
    "one sample": written("a.wav", seconds=1 / RATE),
    "a constant": samples("a.wav", *[0.5] * 2000),
    "clipped": samples("a.wav", *[1.0, -1.0] * 500),
    "beyond full scale": samples("a.wav", 40.0, -40.0),
    "denormal numbers": samples("a.wav", *[1e-42] * 500),
    "doubles": written("a.wav", "DOUBLE"),
    "mu-law": written("a.au", "ULAW", "AU"),
    "flac named mp3": written("a.mp3", "PCM_16", "FLAC"),
    "no suffix": written("song"),
    "upper case": written("A.WAV"),
    "unicode": written("ÄØ 歌 🎵 عود\u202e.wav"),
    "a name that is no text": written(os.fsdecode(b"caf\xe9.wav")),
    "the longest name": written("n" * 251 + ".wav"),
    "a link": linked("a.wav", "target.wav"),
    "a header that counts itself": changed("a.wav", written("b.wav"), field(40, "<I", 4844)),
    **{
        f"{form} with garbage at its end": changed(
            "a", written("b", kind, form, rate=24_000), lambda data: data + b"?" * 99
        )
        for form, kind in (*FORMATS, ("AIFF", "IMA_ADPCM"))
    },
    **{
        f"streamed, length {length:#x}": changed("a.wav", written("b.wav"), field(40, "<I", length))
        for length in (0x7F00_0000, 0x7FFF_F000, 2**31 - 1, 2**31, 2**32 - 37, 2**32 - 1)
    },
    "mp3 that does not say how long it is": changed(
        "a.mp3", written("b.mp3", "MPEG_LAYER_III", "MP3"), uncounted
    ),
    "streamed aiff": changed("a", written("b", form="AIFF"), field(42, ">I", 0x7EFF_FF08)),
    "streamed au": changed("a", written("b", form="AU"), field(8, ">I", 2**32 - 1)),
}
BROKEN: dict[str, Writer] = {
    "nothing": made("a.wav", lambda path: None),
    "no bytes": content("a.wav", b""),
    "no samples": written("a.wav", seconds=0),
    "text": content("a.wav", b"I am a song\n" * 50),
    "a page": content("a.mp3", b"<!doctype html><title>404</title>"),
    "raw": content("a.raw", bytes(1000)),
    "header alone": changed("a.flac", written("b.flac", form="FLAC"), lambda data: data[:42]),
    **{
        f"{form} {kind} that ends early": changed(
            "a",
            written("b", kind, form, rate=24_000, seconds=20),
            lambda data: data[: 2 * len(data) // 3],
        )
        for form, kind in FORMATS
    },
    "two recordings": changed(
        "a.opus", written("b", "OPUS", "OGG", rate=24_000), lambda data: 2 * data
    ),
    "another format": written("a.voc", form="VOC"),
    "flac of 2^36 samples": changed("a.flac", written("b.flac", form="FLAC"), endless),
    "not a number": samples("a.wav", float("nan")),
    "infinity": samples("a.wav", float("inf")),
    "rate 0": changed("a.wav", written("b.wav"), field(24, "<I", 0)),
    "rate 2^31": changed("a.wav", written("b.wav"), field(24, "<I", 2**31)),
    "no channels": changed("a.wav", written("b.wav"), field(22, "<H", 0)),
    "65,535 channels": changed("a.wav", written("b.wav"), field(22, "<H", 65_535)),
    "a folder": made("x.wav", lambda path: path.mkdir()),
    "a pipe": made("a.wav", lambda path: os.mkfifo(path)),
    "a device": linked("a.wav", "/dev/zero"),
    "a loop": linked("a.wav", "a.wav"),
    "a link to nothing": linked("a.wav", "nowhere.wav"),
    "too long a name": lambda folder: folder / ("n" * 300 + ".wav"),
}  # fmt: skip


def mutated(path: Path, random: np.random.Generator) -> Path:
    """A file of a random format with random damage: cut, overwritten, repeated or shifted."""
    form, subtype = FORMATS[random.integers(len(FORMATS))]
    rate = int(random.choice([8000, 16_000, 24_000, 48_000]))  # the rates of Opus
    wave = tone(0.2, int(random.integers(1, 3)), rate)
    soundfile.write(path, wave, rate, subtype, format=form)
    data = bytearray(path.read_bytes())
    for _ in range(random.integers(1, 4)):
        place = (
            int(random.integers(len(data)))
            if random.random() < 0.4
            else int(random.integers(min(len(data), 100)))
        )
        match random.integers(5):
            case 0:
                data = data[: max(place, 1)]
            case 1:
                data[place : place + 1] = random.bytes(1)
            case 2:
                extreme = int(random.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
                data[place : place + 4] = struct.pack(str(random.choice(["<I", ">I"])), extreme)
            case 3:
                data[place:place] = random.bytes(int(random.integers(1, 50)))
            case 4:
                data = data + data[place:]
    path.write_bytes(data)
    return path

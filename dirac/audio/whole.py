"""Whether all of an audio file is read, where libsndfile takes what it finds for all.

The file itself is asked: libsndfile's notes of opening end after 2047 characters, which tags fill.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

from dirac.audio.mpeg import read, runs, told

ENDLESS = 1 << 48  # samples that a header promises where it does not know
# Bytes that it promises then: these, or somewhat fewer.
STREAMED = (0x7F << 24, 1 << 31, 1 << 32, 1 << 63, 1 << 64)
FEWER = 1 << 12
MAX_CHUNKS = 10_000  # before the sound


class Chunks(NamedTuple):
    """How a format lays chunks one after another: where the first begins, the name and size at the

    head of each, how much of that head the size counts, and of what all begin at multiples.
    """

    first: int
    head: Struct
    counted: int = 0
    multiple: int = 2


CHUNKS = {
    b"RIFF": Chunks(12, Struct("<4sI")),
    b"RIFX": Chunks(12, Struct(">4sI")),
    b"RF64": Chunks(12, Struct("<4sI")),
    b"FORM": Chunks(12, Struct(">4sI")),
    b"riff": Chunks(40, Struct("<4s12xQ"), counted=24, multiple=8),  # .w64
    b"caff": Chunks(8, Struct(">4sQ"), multiple=1),
}
ONE_CHUNK = {b"RIFF", b"RIFX", b"FORM"}  # that holds the others
SOUND = {b"data", b"SSND"}
DS64 = 28  # where .rf64 has the size of a sound whose chunk says 2^32 - 1 (EBU Tech 3306)
AU = {b".snd": Struct(">4xII"), b"dns.": Struct("<4xII")}  # where the sound begins, its size
PAGE = Struct("<4sxB8xI8xB")  # of Ogg: flags, which stream, how many sizes follow (RFC 3533)
FIRST, LAST = 2, 4  # flags: the page begins or ends its stream

UNKNOWN = (
    "does not say how long it is, as what was streamed, or is too long for its format: write it "
    "anew as .flac, by ffmpeg or the like"
)
UNCOUNTED = (
    "does not say how long it is, and its frames are of several kinds, free-format, or not of "
    "layer III: make a .flac of it by ffmpeg (`ffmpeg -i song.mp3 song.flac`)"
)
CUT = (
    "is truncated: there is less in it than it says; get it anew, or have ffmpeg or the like write "
    "what is there"
)
CHAINED = (
    "holds several recordings, one after another, and only the first would be read: make one of "
    "them by ffmpeg (`ffmpeg -i song.ogg song.flac`)"
)


def why_not_whole(path: Path, form: str, n_samples: int) -> str | None:
    """What is wrong with a file that libsndfile opens, by its format and number of samples there.

    A .flac or .mp3 that was cut is none here: what is read of it is less than it says.
    """
    if n_samples >= ENDLESS:
        return UNKNOWN
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        magic = read(file, 0, 4)
        if magic == b"OggS":
            return _why_not_ogg(file, size)
        if form == "MP3":
            return _why_not_mp3(file)
        start, promised = _sound(file, size, magic)
    is_streamed = any(known - FEWER <= promised <= known for known in STREAMED)
    if start + promised > size and not is_streamed:
        return CUT
    return UNKNOWN if promised > 0 and not n_samples else None


def _sound(file: BinaryIO, size: int, magic: bytes) -> tuple[int, int]:
    """Where the sound begins, and how many bytes are promised of it: 0 where none is found."""
    if magic in AU:
        start, promised = AU[magic].unpack(read(file, 0, 12))
        return start, promised
    for name, start, promised in _chunks(file, size, magic):
        if name in SOUND:
            if magic == b"RF64" and promised == (1 << 32) - 1:
                return start, int.from_bytes(read(file, DS64, 8), "little") or promised
            if magic in ONE_CHUNK:  # some count what lies before the sound into it
                _, n_bytes = CHUNKS[magic].head.unpack(read(file, 0, 8))
                return start, min(promised, 8 + n_bytes - start)
            return start, promised
    return 0, 0


def _chunks(file: BinaryIO, size: int, magic: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning and size of what each chunk holds."""
    if magic not in CHUNKS:
        return
    place, head, counted, multiple = CHUNKS[magic]
    for _ in range(MAX_CHUNKS):
        if place >= size:
            return
        begin = read(file, place, head.size)
        name, promised = head.unpack(begin.ljust(head.size, b"\0"))  # it may be cut
        start, n_bytes = place + head.size, max(promised - counted, 0)
        yield name, start, n_bytes
        place = start + n_bytes + -n_bytes % multiple


def _why_not_ogg(file: BinaryIO, size: int) -> str | None:
    running = set()
    is_sound = False
    for flags, stream in _pages(file, size):
        if is_sound and flags & FIRST:
            return CHAINED
        is_sound = not flags & FIRST
        if flags & LAST:
            running.discard(stream)
        elif flags & FIRST:
            running.add(stream)
    return CUT if running else None


def _pages(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Flags and stream of each page of Ogg, up to what is none, or not all of one."""
    place = 0
    while place + PAGE.size <= size:
        magic, flags, stream, n_sizes = PAGE.unpack(read(file, place, PAGE.size))
        place += PAGE.size + n_sizes + sum(file.read(n_sizes))
        if magic != b"OggS" or place > size:
            return
        yield flags, stream


def _why_not_mp3(file: BinaryIO) -> str | None:
    count = told(file)
    if count is None:
        return UNCOUNTED
    if count.stop is not None and any(runs(read(file, count.stop))):
        n_frames = sum(run.n_frames for run in runs(read(file, 0)))
        if n_frames > count.n_frames + 1:  # which does not count itself
            return CHAINED
    return None

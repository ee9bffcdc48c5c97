"""The frames of MPEG audio, layer III, as an .mp3 has them one after another."""

import re
from collections.abc import Iterator
from itertools import product
from typing import BinaryIO, NamedTuple

# Versions, as the second byte of a frame has them, of layer III (ISO 11172-3 and 13818-3).
MPEG_1, MPEG_2, MPEG_2_5 = 3, 2, 0
RATES = {
    MPEG_1: (44_100, 48_000, 32_000),
    MPEG_2: (22_050, 24_000, 16_000),
    MPEG_2_5: (11_025, 12_000, 8_000),
}
KBPS_1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBPS_2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
SIZES = {  # bytes of a frame, by its first three; of these the last bits say: padded, private
    bytes((0xFF, 0xE2 | version << 3 | bare, number << 4 | place << 2 | bits)): (bits >> 1)
    + (144_000 if version == MPEG_1 else 72_000) * kbps // rate
    for version, bare, bits in product(RATES, range(2), range(4))
    for place, rate in enumerate(RATES[version])
    for number, kbps in enumerate(KBPS_1 if version == MPEG_1 else KBPS_2, 1)
}
BEGINNING = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
MIN_FRAMES = 3  # one after another: fewer may be chance, in a picture for one
BARE = 1  # in the second byte: without a checksum
# In place of sound in the first frame: flags, how many follow if 1 is set, how many bytes if 2 is.
XING = re.compile(rb"(?:Xing|Info)\0\0\0(.)(.{4})(.{4})", re.S)
MAX_XING = 54  # bytes of a frame up to these and with them
MAX_TAGS = 1000

Kind = tuple[int, int, bool]  # version, rate, whether it is mono


class Run(NamedTuple):
    """Frames of one kind, one after another, and where in the file."""

    start: int
    stop: int
    n_frames: int
    kind: Kind


class Count(NamedTuple):
    """How many frames an .mp3 says that it has, and where they end if it says that."""

    n_frames: int
    stop: int | None


def runs(data: bytes) -> Iterator[Run]:
    """All of them, in a walk that takes as long as there are bytes."""
    place = 0
    while found := BEGINNING.search(data, place):
        start = stop = found.start()
        n_frames, kind = 0, kind_of(data[start : start + 4].ljust(4))
        while (
            (size := SIZES.get(data[stop : stop + 3]))
            and stop + size <= len(data)
            and kind_of(data[stop : stop + 4]) == kind
        ):
            stop += size
            n_frames += 1
        if n_frames >= MIN_FRAMES:
            yield Run(start, stop, n_frames, kind)
            place = stop
        else:
            place = start + 1


def kind_of(head: bytes) -> Kind:
    return head[1] | BARE, head[2] & 0x0C, head[3] >= 0xC0


def beginning(file: BinaryIO) -> tuple[int, bytes]:
    """Where the tags of an .mp3 end, and what comes then."""
    place = 0
    for _ in range(MAX_TAGS):
        if not (tag := read(file, place, 10)).startswith(b"ID3"):
            break
        place += 10 + sum(byte << 7 * n for n, byte in enumerate(tag[:5:-1]))
    return place, read(file, place, 1 << 16)


def told(file: BinaryIO) -> Count | None:
    place, head = beginning(file)
    first = next(runs(head), None)  # else it is a free format
    start, end = (first.start, first.start + MAX_XING) if first else (0, len(head))
    found = XING.search(head, start, end)
    if found is None or not found[1][0] & 1 or not any(found[2]):
        return None
    n_frames, n_bytes = (int.from_bytes(number, "big") for number in found.group(2, 3))
    return Count(n_frames, place + max(found.end(), n_bytes) if found[1][0] & 2 else None)


def read(file: BinaryIO, place: int, n_bytes: int = -1) -> bytes:
    file.seek(place)
    return file.read(n_bytes)

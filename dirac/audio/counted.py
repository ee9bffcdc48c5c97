"""An .mp3 that does not say how long it is, as many do not: a copy that begins with that.

Libsndfile guesses it by the first frame, and reads no more than it guessed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from dirac.audio.mpeg import BARE, BEGINNING, MPEG_1, SIZES, beginning, kind_of, read, runs, told

UNHEARD = re.compile(rb"Xing|Info|VBRI")  # names what a first frame holds in place of sound
MAX_HEAD = 46  # bytes of a frame up to such a name and with it
MEDIUM = 8 << 4  # a bit rate whose frames have room for a count
NOTHING = b"\0"  # after this libmpg123 takes no sound for a frame from those before: it is silent
DECODER_DELAY = 529  # samples that libmpg123 leaves out, with the delay told, if a count is there


@contextmanager
def counted(path: Path) -> Iterator[BinaryIO | None]:
    """A nameless file in place of an .mp3 that does not say how long it is; None for any other, and

    where its frames are of several kinds. Raises OSError where there is no room for it.
    """
    if not _is_uncounted(path):
        yield None
        return
    with TemporaryFile() as copy:
        yield copy if _write_counted(path.read_bytes(), copy) else None


def _is_uncounted(path: Path) -> bool:
    with path.open("rb") as file:
        magic = read(file, 0, 3)
        is_mp3 = magic == b"ID3" or BEGINNING.match(magic) or path.suffix.lower() == ".mp3"
        _, head = beginning(file)
        return bool(is_mp3) and any(runs(head)) and told(file) is None


def _write_counted(data: bytes, copy: BinaryIO) -> bool:
    """The frames with their number before them, and nothing else; False if they are no one kind."""
    found = list(runs(data))
    if len({run.kind for run in found}) != 1:
        return False
    start, n_frames = found[0].start, sum(run.n_frames for run in found)
    head = data[start : start + 4]
    if UNHEARD.search(data, start, start + MAX_HEAD):
        found[0] = found[0]._replace(start=start + SIZES[head[:3]])
        n_frames -= 1
    copy.write(_count(head, n_frames))
    for run in found:
        copy.write(NOTHING if _reaches_back(data, run.start) else b"")
        copy.write(memoryview(data)[run.start : run.stop])
    copy.seek(0)
    return True


def _reaches_back(data: bytes, start: int) -> bool:
    """Whether the sound of a frame begins in those before it, by the 8 or 9 bits after its head."""
    side = start + (4 if data[start + 1] & BARE else 6)
    return data[side] > 0 or data[side + 1] > 0x7F


def _count(head: bytes, n_frames: int) -> bytes:
    """Two frames by the head of another: one tells how many follow, the other is silent.

    The samples of the silent one are left out, so that the others are there as without a count.
    """
    version, rate, is_mono = kind_of(head)
    is_first = version >> 3 & 3 == MPEG_1
    head = bytes((head[0], version, MEDIUM | rate, head[3]))
    n_side_bytes = (17 if is_mono else 32) if is_first else (9 if is_mono else 17)
    delay = (1152 if is_first else 576) - DECODER_DELAY
    told = b"Xing" + bytes((0, 0, 0, 1)) + (n_frames + 1).to_bytes(4, "big")
    told += b"LAME".ljust(21, b"\0") + (delay << 12 | DECODER_DELAY).to_bytes(3, "big")
    size = SIZES[head[:3]]
    return (head + bytes(n_side_bytes) + told).ljust(size, b"\0") + head.ljust(size, b"\0")

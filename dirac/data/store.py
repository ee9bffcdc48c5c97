"""Latents of mixtures and sources in one LMDB file, the same bytes for the same input.

Key b"00000017/00" is the mixture of candidate excerpt 17, "/01" and on its sources in order if
there are several, then the mixture at each other speed; b"00000017/dropped" says instead why it has
none. After what was written together comes b"00000017/sums", for the moments so far. `__meta__`
comes last: with it, all is there.
"""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError

from dirac.data.excerpts import Excerpts, Integers
from dirac.data.handles import environment

VERSION = 3
META = b"__meta__"
SUMS = b"/sums"
N_COMMITTED = 8  # excerpts together; part of what decides a store's bytes
MAP_SIZE = 1 << 44  # address space, not disk; it stands in the file, so it is the same everywhere

Latents = np.ndarray[Any, np.dtype[np.float32]]
# (channels, frames) of the mixture, its sources and the mixture at other speeds; or why dropped
Record = Sequence[np.ndarray[Any, np.dtype[Any]]] | np.ndarray[Any, np.dtype[Any]] | str


class StoreError(ValueError):
    """A file that is no finished store of latents; the message names it."""


@dataclass(frozen=True)
class StoreMeta:
    """What a store holds. records: the candidate's number of each excerpt, for its keys."""

    version: int
    data_name: str
    codec: dict[str, Any]
    sample_rate: int
    frame_rate: float
    exponent: float  # latents to this power add as waveforms do
    homogeneous: bool  # whether they grow with them exactly
    n_channels: int
    n_frames: int
    dtype: str
    sources: tuple[str, ...]
    speeds: tuple[float, ...]  # at which mixtures are there besides their own, played as a tape
    excerpts: Excerpts
    records: Integers
    dropped: dict[str, int]  # reason -> how many excerpts
    mean: tuple[float, ...]  # per channel, over this store's mixtures
    std: tuple[float, ...]

    @property
    def n_parts(self) -> int:
        """The mixture and its sources; a single source is the mixture, and kept as that."""
        return 1 + len(self.sources) if len(self.sources) > 1 else 1

    @property
    def rms(self) -> tuple[float, ...]:
        """Root of the mean square of each channel."""
        return tuple(math.hypot(*moments) for moments in zip(self.mean, self.std, strict=True))


META_JSON = TypeAdapter(StoreMeta)


class LatentStore:
    """Read access to a finished store; can be pickled, and used before and after a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.meta = read_meta(self.path)

    def __len__(self) -> int:
        return len(self.meta.excerpts)

    def mixture(
        self, index: int, start: int = 0, n_frames: int | None = None, speed: float = 1.0
    ) -> Latents:
        """(channels, n_frames), from frame `start` on; to the end when n_frames is None.

        At another speed an excerpt has `frames_at(self.meta.n_frames, speed)` frames. Raises
        StoreError if there are no mixtures of that speed.
        """
        if speed == 1:
            return _in_float32(self.kept(index, start, n_frames))
        if speed not in self.meta.speeds:
            raise StoreError(
                f"{self.path} has no mixtures at {speed:g} times their speed: run cache_latents"
            )
        part = self.meta.n_parts + self.meta.speeds.index(speed)
        return _in_float32(self.kept(index, start, n_frames, part, speed))

    def source(self, index: int, name: str, start: int = 0, n_frames: int | None = None) -> Latents:
        """(channels, n_frames) of one source. Raises ValueError if there is none of that name."""
        if name not in self.meta.sources:
            raise ValueError(f"{self.path} has {', '.join(self.meta.sources)}, but no {name}")
        part = 1 + self.meta.sources.index(name) if self.meta.n_parts > 1 else 0
        return _in_float32(self.kept(index, start, n_frames, part))

    def kept(
        self, index: int, start: int, n_frames: int | None, part: int = 0, speed: float = 1.0
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """As `mixture` has it, which is part 0, in the dtype that it is kept in."""
        length = frames_at(self.meta.n_frames, speed)
        end = length if n_frames is None else start + n_frames
        if not (0 <= index < len(self) and 0 <= start <= end <= length):
            raise IndexError(
                f"{self.path} has {len(self)} excerpts of {length} frames: there is no "
                f"excerpt {index} with frames {start} to {end}"
            )
        with environment(self.path).begin(buffers=True) as transaction:
            if (value := transaction.get(_key(self.meta.records[index], part))) is None:
                raise StoreError(f"{self.path} lacks excerpt {index}: run cache_latents again")
            return np.frombuffer(value, self.meta.dtype).reshape(-1, length)[:, start:end].copy()


def _in_float32(latents: np.ndarray[Any, np.dtype[Any]]) -> Latents:
    return torch.from_numpy(latents).float().numpy()  # numpy takes nine times as long


def frames_at(n_frames: int, speed: float) -> int:
    """How many whole frames there are of n_frames that are played at a speed."""
    return int(n_frames / speed)


def read_meta(path: Path) -> StoreMeta:
    """Raises StoreError: no file, not a store, half-written, truncated, of another version."""
    if not path.is_file():
        raise StoreError(f"{path} is missing: run the stage cache_latents")
    try:
        with environment(path.resolve()).begin() as transaction:
            value = transaction.get(META)
    except lmdb.Error as error:
        raise StoreError(f"{path} is not a store of latents ({error})") from error
    if value is None:
        raise StoreError(f"{path} is half-written: run the stage cache_latents again")
    with suppress(ValidationError):
        meta = META_JSON.validate_json(value)
        if meta.version == VERSION:
            return meta
    raise StoreError(f"{path} is a store of another version: run cache_latents again")


class StoreWriter:
    """Writes a store, or goes on with one that was killed.

    The final bytes depend on the records and on which of them were appended together alone: the
    file is opened anew for each commit, as after a kill, because LMDB reuses pages from memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if _is_torn(path):
            path.unlink()
        with self._begin() as transaction, transaction.cursor() as cursor:
            key, value = cursor.item() if cursor.last() else (b"", b"")
        self.is_finished = key == META
        self.n_records = 0 if not key or self.is_finished else int(key[:8]) + 1
        # Of the powers 0, 1 and 2 of each channel, over all mixtures.
        self._sums = np.frombuffer(value).reshape(3, -1) if self.n_records else np.zeros((3, 1))

    def append(self, records: Sequence[Record]) -> None:
        """Adds the next records, all or none of them."""
        sums, number = self._sums, self.n_records
        with self._begin(write=True) as transaction:
            for number, record in enumerate(records, self.n_records):
                for key, value in _items(number, record):
                    transaction.put(key, value, append=True)
                if not isinstance(record, str):
                    mixture = record[0].astype(np.float64)
                    sums = sums + [(mixture**power).sum(1) for power in range(3)]
            transaction.put(b"%08d" % number + SUMS, sums.tobytes(), append=True)
        self._sums, self.n_records = sums, number + 1

    def dropped(self) -> dict[int, str]:
        """Number and reason of the records that are no latents."""
        with self._begin() as transaction:
            values = [transaction.get(_dropped_key(number)) for number in range(self.n_records)]
        return {number: bytes(value).decode() for number, value in enumerate(values) if value}

    def moments(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel over all mixtures."""
        mean, squares = self._sums[1:] / self._sums[0]
        return mean.tolist(), np.sqrt(np.maximum(squares - mean**2, 0)).tolist()

    def finish(self, meta: StoreMeta) -> None:
        """Adds the metadata: only now is the store one that can be read."""
        with self._begin(write=True) as transaction:
            transaction.put(META, META_JSON.dump_json(meta), append=True)
        self.is_finished = True

    @contextmanager
    def _begin(self, write: bool = False) -> Iterator[lmdb.Transaction]:
        try:
            with (
                lmdb.open(str(self.path), subdir=False, lock=False, map_size=MAP_SIZE) as file,
                file.begin(write=write) as transaction,
            ):
                yield transaction
        except lmdb.Error as error:
            message = f"{self.path} cannot be written (is the disk full?): {error}"
            raise StoreError(message) from error


def _is_torn(path: Path) -> bool:
    """Whether a full disk took less than LMDB's first two pages, in which there is nothing yet."""
    is_short = path.is_file() and path.stat().st_size < 2 * os.sysconf("SC_PAGE_SIZE")
    return is_short and not any(path.read_bytes()[:8])  # the number of the first page


def _key(number: int, part: int) -> bytes:
    return b"%08d/%02d" % (number, part)


def _dropped_key(number: int) -> bytes:
    return b"%08d/dropped" % number


def _items(number: int, record: Record) -> list[tuple[bytes, bytes]]:
    if isinstance(record, str):
        return [(_dropped_key(number), record.encode())]
    return [(_key(number, part), latents.tobytes()) for part, latents in enumerate(record)]

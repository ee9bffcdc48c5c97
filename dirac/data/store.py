"""Latents of mixtures and sources in one LMDB file, the same bytes for the same input.

Key b"00000017/00" is the mixture of candidate excerpt 17, "/01" and on its sources in order if
there are several; b"00000017/w00" and on are their waveforms, where latents keep no phase;
b"00000017/dropped" says instead why it has none. `__meta__` comes last: with it, all is there.
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from pydantic import TypeAdapter, ValidationError

from dirac.data.tracks import Excerpt

VERSION = 2
META = b"__meta__"

Latents = np.ndarray[Any, np.dtype[np.float32]]
Array = np.ndarray[Any, np.dtype[Any]]
WAVEFORM = "float16"  # 66 dB below a waveform, whatever its level, is what this leaves out


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
    n_samples: int  # of the waveforms kept beside, which begin where the frames do; 0 for none
    dtype: str
    sources: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    records: tuple[int, ...]
    dropped: dict[str, tuple[str, ...]]  # reason -> names of excerpts
    mean: tuple[float, ...]  # per channel, over this store's mixtures
    std: tuple[float, ...]

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

    def mixture(self, index: int, start: int = 0, n_frames: int | None = None) -> Latents:
        """(channels, n_frames), from frame `start` on; to the end when n_frames is None."""
        return self._read(index, 0, start, n_frames)

    def source(self, index: int, name: str, start: int = 0, n_frames: int | None = None) -> Latents:
        """(channels, n_frames) of one source. Raises ValueError if there is none of that name."""
        return self._read(index, self._part(name), start, n_frames)

    def waveform(self, index: int, name: str | None, start: int, n_samples: int) -> Latents:
        """(n_samples,) of a source, or of the mixture, from sample `start` on; around it, silence.

        Raises as `source`, and StoreError where the store keeps no waveforms.
        """
        if not self.meta.n_samples:
            raise StoreError(f"{self.path} keeps no waveforms: its codec needs none")
        first, last = max(start, 0), max(min(start + n_samples, self.meta.n_samples), 0)
        heard = np.zeros(n_samples, np.float32)
        with self._value(index, waveform_key, self._part(name) if name else 0) as value:
            samples = np.frombuffer(value, WAVEFORM)[first:last]
            heard[first - start : first - start + len(samples)] = samples
        return heard

    def _part(self, name: str) -> int:
        if name not in self.meta.sources:
            raise ValueError(f"{self.path} has {', '.join(self.meta.sources)}, but no {name}")
        several = len(self.meta.sources) > 1  # a single source is the mixture, and kept as that
        return 1 + self.meta.sources.index(name) if several else 0

    def _read(self, index: int, part: int, start: int, n_frames: int | None) -> Latents:
        end = self.meta.n_frames if n_frames is None else start + n_frames
        if not (0 <= index < len(self) and 0 <= start <= end <= self.meta.n_frames):
            raise IndexError(
                f"{self.path} has {len(self)} excerpts of {self.meta.n_frames} frames: there is no "
                f"excerpt {index} with frames {start} to {end}"
            )
        with self._value(index, key_of, part) as value:
            latents = np.frombuffer(value, self.meta.dtype).reshape(-1, self.meta.n_frames)
            return latents[:, start:end].astype(np.float32)

    @contextmanager
    def _value(self, index: int, key: Callable[[int, int], bytes], part: int) -> Iterator[Any]:
        with _environment(self.path).begin(buffers=True) as transaction:
            value = transaction.get(key(self.meta.records[index], part))
            if value is None:
                raise StoreError(f"{self.path} lacks excerpt {index}: run cache_latents again")
            yield value


def read_meta(path: Path) -> StoreMeta:
    """Raises StoreError: no file, not a store, half-written, truncated, of another version."""
    if not path.is_file():
        raise StoreError(f"{path} is missing: run the stage cache_latents")
    try:
        environment = _environment(path)
        with environment.begin() as transaction:
            value = transaction.get(META)
    except lmdb.Error as error:
        raise StoreError(f"{path} is not a store of latents ({error})") from error
    if value is None:
        raise StoreError(f"{path} is half-written: run the stage cache_latents again")
    try:
        meta = META_JSON.validate_json(value)
    except ValidationError:
        meta = None
    if meta is None or meta.version != VERSION:
        raise StoreError(f"{path} is a store of another version: run cache_latents again")
    return meta


# LMDB refuses to open a file twice in a process, so that all stores of a path share one handle.
_environments: dict[Path, tuple[tuple[int, int], lmdb.Environment]] = {}


def _environment(path: Path) -> lmdb.Environment:
    """This process's handle of this very file: not the one before a fork, or before a rerun."""
    owner = (os.getpid(), path.stat().st_ino)
    known = _environments.get(path)
    if known is not None:
        if known[0] == owner:
            return known[1]
        _environments.pop(path)[1].close()
    environment = lmdb.open(
        str(path), subdir=False, readonly=True, lock=False, readahead=False, max_spare_txns=4
    )
    n_bytes = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if path.stat().st_size < n_bytes:  # reading past its end would kill the process
        environment.close()
        raise lmdb.CorruptedError(f"{path.stat().st_size} of {n_bytes} bytes")
    _environments[path] = (owner, environment)
    return environment


def key_of(number: int, part: int) -> bytes:
    return b"%08d/%02d" % (number, part)


def waveform_key(number: int, part: int) -> bytes:
    return b"%08d/w%02d" % (number, part)

"""Cuts of tracks, all of one length, as a table: data sets may have millions."""

import base64
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, overload

import numpy as np
from pydantic import PlainSerializer, PlainValidator

from dirac.data.errors import DataError
from dirac.data.tracks import Track


def _column(dtype: str) -> tuple[PlainValidator, PlainSerializer]:
    """How many numbers stand in JSON: the bytes of an array of that dtype, in base 64."""
    return (
        PlainValidator(lambda text: np.frombuffer(base64.b64decode(_text(text)), dtype)),
        PlainSerializer(lambda numbers: base64.b64encode(numbers.astype(dtype).tobytes())),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("numbers that are no bytes in base 64")
    return value


Integers = Annotated[np.ndarray[Any, np.dtype[np.integer]], *_column("<i4")]
Floats = Annotated[np.ndarray[Any, np.dtype[np.floating]], *_column("<f8")]


@dataclass(frozen=True)
class Excerpt:
    """A cut of a track, `track` being its name."""

    track: str
    start_seconds: float
    duration_seconds: float

    @property
    def name(self) -> str:
        """A name for files, as in "test-Track00003-0014.0"."""
        return re.sub(r"[^A-Za-z0-9._-]+", "_", self.track) + f"-{self.start_seconds:06.1f}"


@dataclass(frozen=True, eq=False)
class Excerpts(Sequence[Excerpt]):
    """Twelve bytes each. names: of tracks; tracks: which of these an excerpt is cut from."""

    names: tuple[str, ...]
    tracks: Integers
    starts: Floats  # seconds
    duration_seconds: float

    def __len__(self) -> int:
        return len(self.tracks)

    @overload
    def __getitem__(self, index: int) -> Excerpt: ...
    @overload
    def __getitem__(self, index: slice) -> "Excerpts": ...
    def __getitem__(self, index: int | slice) -> "Excerpt | Excerpts":
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        name, start = self.names[self.tracks[index]], float(self.starts[index])
        return Excerpt(name, start, self.duration_seconds)

    def take(self, numbers: Sequence[int] | Integers) -> "Excerpts":
        """Those of these numbers, in their order."""
        return replace(self, tracks=self.tracks[numbers], starts=self.starts[numbers])


def excerpts_of(tracks: Iterable[Track], duration_seconds: float) -> Excerpts:
    """Side by side from each track's beginning; the last, incomplete one is dropped."""
    if duration_seconds < 0.1:
        raise DataError(f"excerpts of {duration_seconds} s: they must last 0.1 s at least")
    tracks = list(tracks)
    # A track of exactly k excerpts must give k, whatever the division makes of it.
    counts = [math.floor(track.duration_seconds / duration_seconds + 1e-9) for track in tracks]
    names, numbers = np.unique([track.name for track in tracks], return_inverse=True)
    starts = [round(i * duration_seconds, 9) for n in counts for i in range(n)]
    return Excerpts(
        tuple(names.tolist()),
        np.repeat(numbers, counts).astype(np.int32),
        np.array(starts),
        duration_seconds,
    )


def select_excerpts(
    tracks: Sequence[Track], split: str, duration_seconds: float, limit: int | None
) -> Excerpts:
    """The split's excerpts in the tracks' order; of more than `limit`, that many, evenly spread.

    Silent ones are dropped later, so that fewer may remain. Raises DataError when there are none.
    """
    in_split = [track for track in tracks if track.split == split]
    excerpts = excerpts_of(in_split, duration_seconds)
    if not excerpts:
        longest = max((track.duration_seconds for track in in_split), default=0.0)
        raise DataError(
            f"the split {split} has {len(in_split)} tracks and no excerpt of {duration_seconds:g} "
            f"s (the longest track lasts {longest:.2f} s): lower data.duration_seconds"
        )
    if limit is None or limit >= len(excerpts):
        return excerpts
    return excerpts.take(np.arange(limit) * len(excerpts) // limit)

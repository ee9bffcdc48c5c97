"""Writes latents of mixtures and sources into one LMDB file, the same bytes for the same input."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lmdb
import numpy as np

from dirac.data.store import (
    META,
    META_JSON,
    WAVEFORM,
    Array,
    StoreError,
    StoreMeta,
    key_of,
    waveform_key,
)

MAP_SIZE = 1 << 40  # address space, not disk; it stands in the file, so it is the same everywhere


@dataclass(frozen=True)
class Encoded:
    """latents: (1 + sources, channels, frames); waveforms: (1 + sources, samples) or None."""

    latents: Array
    waveforms: Array | None = None


Record = Encoded | str  # or why it was dropped


class StoreWriter:
    """Writes a store, or goes on with one that was killed.

    The final bytes depend on the records and on which of them were appended together alone: the
    file is opened anew for each commit, as after a kill, because LMDB reuses pages from memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._begin() as transaction, transaction.cursor() as cursor:
            key = cursor.key() if cursor.last() else b""
        self.is_finished = key == META
        self.n_records = int(key[:8]) + 1 if key and not self.is_finished else 0

    def append(self, records: Sequence[Record]) -> None:
        """Adds the next records, all or none of them."""
        with self._begin(write=True) as transaction:
            for number, record in enumerate(records, self.n_records):
                for key, value in _items(number, record):
                    transaction.put(key, value, append=True)
        self.n_records += len(records)

    def dropped(self) -> dict[int, str]:
        """Number and reason of the records that are no latents."""
        with self._begin() as transaction:
            values = [transaction.get(_dropped_key(number)) for number in range(self.n_records)]
        return {number: bytes(value).decode() for number, value in enumerate(values) if value}

    def moments(self, n_channels: int, dtype: str) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each channel over all mixtures."""
        n_values, total, squares = 0, np.zeros(n_channels), np.zeros(n_channels)
        with self._begin() as transaction:
            for number in range(self.n_records):
                if value := transaction.get(key_of(number, 0)):
                    latents = np.frombuffer(value, dtype).reshape(n_channels, -1).astype(np.float64)
                    n_values += latents.shape[1]
                    total += latents.sum(1)
                    squares += np.square(latents).sum(1)
        mean = total / n_values
        variance = np.maximum(squares / n_values - mean**2, 0)
        return mean.tolist(), np.sqrt(variance).tolist()

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


def _dropped_key(number: int) -> bytes:
    return b"%08d/dropped" % number


def _items(number: int, record: Record) -> list[tuple[bytes, bytes]]:
    if isinstance(record, str):
        return [(_dropped_key(number), record.encode())]
    items = [
        (key_of(number, part), latents.tobytes()) for part, latents in enumerate(record.latents)
    ]
    for part, waveform in enumerate([] if record.waveforms is None else record.waveforms):
        items.append((waveform_key(number, part), waveform.astype(WAVEFORM).tobytes()))
    return items

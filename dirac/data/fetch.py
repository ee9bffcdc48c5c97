"""An archive over HTTP as one stream: resumed by ranges, tried again, checked at its end."""

import errno
import hashlib
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import TracebackType

import requests
from tqdm import tqdm

from dirac.data.archives import Archive
from dirac.data.errors import DataError

TIMEOUT_SECONDS = (5, 30)  # to connect, between two pieces
PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16, 32)  # between attempts that bring nothing
OFFLINE_PAUSES_SECONDS = (0.5,)  # when no server has answered at all
LONGEST_PAUSE_SECONDS = 120  # however long a busy server asks us to wait
PIECE = 1 << 16  # bytes; what is cut off within a piece is lost


class Download:
    """The bytes of an archive, read once from first to last; a context that closes what it opens.

    They come from `partial`, where an earlier run left what it had, and go on over the network: a
    cut connection is taken up where it broke. With `keeps`, what comes over the network is added to
    `partial`, which is the whole archive in the end. `read` raises DataError, naming the URL, if
    that is not possible; only after `finish` the bytes are known to be the right ones.
    """

    def __init__(self, archive: Archive, partial: Path, keeps: bool) -> None:
        self.archive, self.partial = archive, partial
        self._digest = hashlib.md5(usedforsecurity=False)
        self._bar = tqdm(desc=archive.file_name, total=archive.n_bytes, unit="B", unit_scale=True)
        self._pieces = _pieces(archive, partial, keeps)
        self._rest = b""

    def __enter__(self) -> "Download":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pieces.close()
        self._bar.close()

    def read(self, n_bytes: int = -1) -> bytes:
        """The next bytes, as many or fewer; none at the end."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
            self._digest.update(self._rest)
            self._bar.update(len(self._rest))
        end = len(self._rest) if n_bytes < 0 else n_bytes
        taken, self._rest = self._rest[:end], self._rest[end:]
        return taken

    def finish(self) -> None:
        """Read to the end. Raises DataError if the checksum is wrong; what came is then dropped."""
        while self.read():
            pass
        if self._digest.hexdigest() != self.archive.md5:
            self.drop()
            raise _failure(
                self.archive, f"its md5 is {self._digest.hexdigest()} and not {self.archive.md5}"
            )

    def drop(self) -> None:
        """Remove what is kept, which has turned out to be wrong: the next run begins anew."""
        self.partial.unlink(missing_ok=True)


def _pieces(archive: Archive, partial: Path, keeps: bool) -> Generator[bytes, None, None]:
    position = 0
    if partial.exists():
        with partial.open("rb") as file:
            while piece := file.read(PIECE):
                position += len(piece)
                yield piece
    if not keeps:
        yield from _download(archive, position)
        return
    with partial.open("ab", buffering=0) as file:
        for piece in _download(archive, position):
            try:
                if file.write(piece) < len(piece):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as error:
                raise DataError(f"{partial} cannot be written: {error.strerror}") from error
            yield piece


def _download(archive: Archive, position: int) -> Iterator[bytes]:
    """From `position` on, by as many requests as it takes as long as each brings something."""
    n_failures = 0
    pauses: tuple[float, ...] = OFFLINE_PAUSES_SECONDS
    while position < archive.n_bytes:
        problem, before, asked = "the connection was cut", position, 0.0
        try:
            for piece in _request(archive, position):
                position += len(piece)
                yield piece
            pauses = PAUSES_SECONDS
        except requests.ConnectionError as error:
            problem = f"no connection ({_root_cause(error)})"
        except requests.RequestException as error:
            pauses = PAUSES_SECONDS
            problem, asked = str(error), _asked_to_wait(error)
        if position > before:
            n_failures, pauses = 0, PAUSES_SECONDS
        elif n_failures < len(pauses):
            time.sleep(max(pauses[n_failures], asked))
            n_failures += 1
        else:
            raise _failure(archive, problem)


def _request(archive: Archive, start: int) -> Iterator[bytes]:
    """What one request brings of the bytes from `start` on."""
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    with requests.get(
        archive.url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS
    ) as response:
        if response.status_code == 429 or response.status_code >= 500:
            response.raise_for_status()
        if response.status_code not in (200, 206):
            raise _failure(archive, f"the server answers {response.status_code} {response.reason}")
        # A server without ranges sends all of it again.
        n_known = start if response.status_code == 200 else 0
        if _announced_size(response, start) != archive.n_bytes:
            raise _failure(archive, f"it is no longer the file of {archive.n_bytes} bytes")
        for piece in response.iter_content(PIECE):
            if new := piece[n_known:]:
                yield new
            n_known = max(n_known - len(piece), 0)


def _announced_size(response: requests.Response, start: int) -> int:
    """Size of the whole file; -1 if what is sent does not begin at `start`."""
    if response.status_code == 200:
        return int(response.headers.get("Content-Length", -1))
    sent, _, size = response.headers.get("Content-Range", "").partition("/")
    return int(size) if sent.startswith(f"bytes {start}-") and size.isdigit() else -1


def _asked_to_wait(error: requests.RequestException) -> float:
    """Seconds that a busy server names, within reason."""
    named = "" if error.response is None else error.response.headers.get("Retry-After", "")
    return min(float(named), LONGEST_PAUSE_SECONDS) if named.isdigit() else 0.0


def _failure(archive: Archive, problem: str) -> DataError:
    return DataError(
        f"{archive.url} cannot be downloaded: {problem}; run again to go on, "
        "or set data.root to a folder that holds the data set already"
    )


def _root_cause(error: BaseException) -> str:
    """The innermost reason of an error of requests, whose own text is a page long."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__

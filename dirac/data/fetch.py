"""Large files over HTTP: resumed by ranges, tried again after faults, checked at the end."""

import hashlib
import shutil
import time
from pathlib import Path

import requests
from tqdm import tqdm

from dirac.data.archives import Archive
from dirac.data.errors import DataError

TIMEOUT_SECONDS = (5, 30)  # to connect, between two pieces
PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16)  # between attempts that bring nothing
OFFLINE_PAUSES_SECONDS = (0.5,)  # when no server has answered at all
PIECE = 1 << 16  # bytes; what is cut off within a piece is lost


def fetch(archive: Archive, folder: Path) -> Path:
    """Download an archive into `folder`, going on with what a killed run left there.

    Returns the whole, checked file. Raises DataError, naming the URL, if that is not possible.
    """
    finished = folder / archive.file_name
    partial = folder / f"{archive.file_name}.part"
    if finished.exists():
        return finished
    _check_space(archive, folder, _size(partial))
    _download(archive, partial)
    _check_sum(archive, partial)
    return partial.replace(finished)


def _check_space(archive: Archive, folder: Path, n_bytes_there: int) -> None:
    needed = archive.n_bytes - n_bytes_there + archive.n_bytes_unpacked
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"{archive.file_name} and its contents need {needed / 1e9:.1f} GB more in {folder}, "
            f"where {free / 1e9:.1f} GB are free: make room, or set data.root to a folder that "
            "holds the data set already"
        )


def _download(archive: Archive, partial: Path) -> None:
    """Make `partial` whole, by as many requests as it takes as long as each brings something."""
    n_failures = 0
    pauses: tuple[float, ...] = OFFLINE_PAUSES_SECONDS
    while (before := _size(partial)) < archive.n_bytes:
        problem = "the connection was cut"
        try:
            _request_rest(archive, partial, before)
            pauses = PAUSES_SECONDS
        except requests.ConnectionError as error:
            problem = f"no connection ({_root_cause(error)})"
        except requests.RequestException as error:
            pauses = PAUSES_SECONDS
            problem = str(error)
        if _size(partial) > before:
            n_failures, pauses = 0, PAUSES_SECONDS
        elif n_failures < len(pauses):
            time.sleep(pauses[n_failures])
            n_failures += 1
        else:
            raise _failure(archive, problem)


def _request_rest(archive: Archive, partial: Path, start: int) -> None:
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    with requests.get(
        archive.url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS
    ) as response:
        if response.status_code == 429 or response.status_code >= 500:
            response.raise_for_status()
        if response.status_code not in (200, 206):
            raise _failure(archive, f"the server answers {response.status_code} {response.reason}")
        if response.status_code == 200:
            start = 0  # a server without ranges sends all of it again
        if _announced_size(response, start) != archive.n_bytes:
            raise _failure(archive, f"it is no longer the file of {archive.n_bytes} bytes")
        _append(archive, partial, start, response)


def _announced_size(response: requests.Response, start: int) -> int:
    """Size of the whole file; -1 if what is sent does not begin at `start`."""
    if response.status_code == 200:
        return int(response.headers.get("Content-Length", -1))
    sent, _, size = response.headers.get("Content-Range", "").partition("/")
    return int(size) if sent.startswith(f"bytes {start}-") and size.isdigit() else -1


def _append(archive: Archive, partial: Path, start: int, response: requests.Response) -> None:
    bar = tqdm(
        desc=archive.file_name, initial=start, total=archive.n_bytes, unit="B", unit_scale=True
    )
    with bar, partial.open("ab" if start else "wb") as file:
        for piece in response.iter_content(PIECE):
            try:
                file.write(piece)
            except OSError as error:
                raise DataError(f"{partial} cannot be written: {error.strerror}") from error
            bar.update(len(piece))


def _check_sum(archive: Archive, partial: Path) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    bar = tqdm(desc="checking", total=archive.n_bytes, unit="B", unit_scale=True)
    with bar, partial.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            bar.update(len(piece))
    if digest.hexdigest() != archive.md5:
        partial.unlink()
        raise _failure(archive, f"its md5 is {digest.hexdigest()} and not {archive.md5}")


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


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

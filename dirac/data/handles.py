"""The stores that this process has open to read: LMDB refuses to open a file twice in a process."""

import os
from pathlib import Path

import lmdb

# By path, of each: process, device and inode; and the one handle of that file.
_environments: dict[Path, tuple[tuple[int, int, int], lmdb.Environment]] = {}


def environment(path: Path) -> lmdb.Environment:
    """This process's handle of this very file: not the one before a fork, or before a rerun, but

    the one that was opened before the file was renamed. Raises lmdb.Error where there can be none.
    """
    state = path.stat()
    file = (os.getpid(), state.st_dev, state.st_ino)
    known = _environments.get(path)
    if known is not None and known[0] == file:
        return known[1]
    renamed = None
    for place, (opened, handle) in [*_environments.items()]:
        if opened == file:
            renamed = _environments.pop(place)
        elif place == path or opened[1:] == file[1:]:
            _environments.pop(place)
            handle.close()
    owned = renamed or (file, _open(path, state.st_size))
    _environments[path] = owned
    return owned[1]


def _open(path: Path, size: int) -> lmdb.Environment:
    opened = lmdb.open(
        str(path), subdir=False, readonly=True, lock=False, readahead=False, max_spare_txns=4
    )
    n_bytes = (opened.info()["last_pgno"] + 1) * opened.stat()["psize"]
    if size < n_bytes:  # reading past its end would kill the process
        opened.close()
        raise lmdb.CorruptedError(f"{size} of {n_bytes} bytes")
    return opened

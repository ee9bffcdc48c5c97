"""The files in a folder, at any depth, with links to folders followed."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def visible_files(folder: Path, left_out: Iterable[Path] = ()) -> Iterator[Path]:
    """Those that are not hidden, nor in a hidden folder or in one of `left_out`; each folder once,

    as links may lead in circles. Raises OSError for a folder that may not be read.
    """
    entered = {os.path.realpath(path) for path in (folder, *left_out)}

    def is_new(path: Path) -> bool:
        place = os.path.realpath(path)
        if place in entered:
            return False
        entered.add(place)
        return True

    for root, folders, files in os.walk(folder, onerror=_fail, followlinks=True):
        here = Path(root)
        folders[:] = [name for name in sorted(folders) if name[0] != "." and is_new(here / name)]
        yield from (here / name for name in sorted(files) if name[0] != ".")


def _fail(error: OSError) -> None:
    raise error

"""Stores that are written once, whatever kills it."""

from collections.abc import Callable
from pathlib import Path


def whole(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a store beside its place, goes on there if it was killed, and moves it: one that is

    being read is never opened to write.
    """
    if not path.exists():
        beside = path.with_suffix(".partial")
        write(beside)
        beside.replace(path)

"""Where in a folder a data set begins: an archive has a folder around it; users point at either."""

from collections.abc import Callable
from pathlib import Path

from dirac.data.errors import DataError

# Of ours, in a stem's entry of metadata.yaml: name of a voice -> its file, in the stems' folder.
VOICES_KEY = "voices"


def locate(root: Path, holds_tracks: Callable[[Path], bool], expected: str) -> Path:
    """`root`, or the first folder in it, that holds tracks. Raises DataError if none does."""
    if not root.is_dir():
        raise DataError(f"{root} is not a folder: run the download stage, or correct data.root")
    inner = sorted(path for path in root.iterdir() if path.is_dir())
    for folder in (root, *inner):
        if holds_tracks(folder):
            return folder
    raise DataError(
        f"{root} holds no tracks (looked for {expected}): "
        "correct data.root or data.name, or run the download stage again"
    )

"""The audio of a data set in one folder: fetched and unpacked, or pointed at where it lies."""

from pathlib import Path

from dirac.data import ffmpeg
from dirac.data.archives import ARCHIVES
from dirac.data.collections import find_tracks, point_at
from dirac.data.fetch import fetch
from dirac.data.unpack import unpack


def provide(name: str, root: Path | None, folder: Path, scratch: Path) -> None:
    """Make `folder` hold the public data set `name`, or lead to `root` if that is given.

    What has been downloaded stays in `scratch` until the caller removes it, so that a killed run
    goes on there. Raises DataError if the data set cannot be had or has no tracks.
    """
    if root is not None:
        point_at(folder, name, root)
        return
    if name == "musdb18":
        ffmpeg.check_installed()  # before, not after, gigabytes that could not be read
    unpack(fetch(ARCHIVES[name], scratch), folder)
    find_tracks(name, folder)

"""The audio of a data set in one folder: fetched and unpacked, or pointed at where it lies."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from dirac.data import ffmpeg
from dirac.data.archives import ARCHIVES, Archive
from dirac.data.collections import COMPRESSED, find_tracks, point_at
from dirac.data.errors import DataError
from dirac.data.fetch import Download
from dirac.data.slakh_archive import Sieve, n_bytes_kept
from dirac.data.unpack import unpack_tar, unpack_zip


def provide(
    name: str, root: Path | None, folder: Path, scratch: Path, kept: Sequence[str] | None
) -> None:
    """Make `folder` hold the public data set `name`, or lead to `root` if that is given.

    kept: the sources of Slakh2100 that are unpacked, None for all; other archives are unpacked
    whole. A .tar.gz is unpacked while it comes in. What came stays in `scratch` until the caller
    removes it, so that a killed run goes on there; only where the disk has no room for a .tar.gz
    beside its contents, it is not kept, and a killed run reads it again from its beginning.
    Raises DataError if the data set cannot be had or has no tracks.
    """
    if root is not None:
        point_at(folder, name, root)
        return
    if name not in ARCHIVES:
        raise DataError(f"data.name {name} needs data.root: the folder that holds the songs")
    if name in COMPRESSED:
        ffmpeg.check_installed()  # before, not after, gigabytes that could not be read
    archive = ARCHIVES[name]
    sieve = Sieve(folder, kept) if name == "slakh2100" else None
    n_unpacked = n_bytes_kept(kept, archive.n_bytes_unpacked) if sieve else archive.n_bytes_unpacked
    shutil.rmtree(folder, ignore_errors=True)  # before its room is counted
    partial = scratch / f"{archive.file_name}.part"
    with Download(archive, partial, _has_room(archive, n_unpacked, partial)) as stream:
        if archive.is_tar:
            unpack_tar(stream, folder, sieve.wants if sieve else lambda name: True)
        else:
            stream.finish()
    if sieve:
        sieve.finish()
    if not archive.is_tar:
        unpack_zip(partial, folder)
    find_tracks(name, folder)


def _has_room(archive: Archive, n_bytes_unpacked: int, partial: Path) -> bool:
    """Whether the disk can hold the archive beside its contents.

    Raises DataError if it cannot hold what it must: the contents, and a zip, which is read from its
    end.
    """
    n_there = partial.stat().st_size if partial.exists() else 0
    free = shutil.disk_usage(partial.parent).free
    with_archive = archive.n_bytes - n_there + n_bytes_unpacked
    needed = n_bytes_unpacked if archive.is_tar else with_archive
    if free < needed:
        raise DataError(
            f"{archive.file_name} needs {needed / 1e9:.1f} GB more in {partial.parent}, "
            f"where {free / 1e9:.1f} GB are free: make room, or set data.root to a folder that "
            "holds the data set already"
        )
    if free < with_archive:
        print(
            f"{archive.file_name} is not kept while it is unpacked, for want of "
            f"{(with_archive - free) / 1e9:.1f} GB: a run that is killed reads it anew",
            file=sys.stderr,
        )
    return free >= with_archive

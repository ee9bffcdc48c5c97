"""Archives unpacked so that nothing in them can reach outside the folder meant for them.

Folders and plain files only are made, by our own hand: no link, device, owner or mode of the
archive is ever used.
"""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, cast

from tqdm import tqdm

from dirac.data.errors import DataError
from dirac.data.fetch import Download

BROKEN = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)

# Name of a file in the archive -> whether it is wanted.
Wanted = Callable[[PurePosixPath], bool]


class RefusedError(DataError):
    """An archive with a member that an honest one does not have."""


def unpack_tar(stream: Download, target: Path, is_wanted: Wanted) -> None:
    """Unpack the wanted files of a .tar.gz, as it comes in, into the folder `target`, made anew.

    Raises DataError if the archive is broken, names a path outside `target`, holds anything but
    files and folders, does not fit on the disk, or has another checksum than it should have.
    """
    name = stream.archive.file_name
    _make_anew(target)
    try:
        with (
            gzip.open(cast(IO[bytes], stream)) as content,
            tarfile.open(fileobj=content, mode="r|", bufsize=1 << 20) as tar,
        ):
            for member in tar:
                if not (member.isreg() or member.isdir()):
                    raise _refusal(name, member.name, "is neither a file nor a folder")
                path = _inside(name, member.name)
                if member.isreg() and is_wanted(path):
                    _write(cast(IO[bytes], tar.extractfile(member)), target / path)
    except RefusedError:
        stream.drop()
        raise
    except (*BROKEN, OSError) as error:
        if isinstance(error, BROKEN):  # and not a full disk, after which the bytes are still good
            stream.drop()
        raise _broken(name, target, error) from error
    stream.finish()


def unpack_zip(archive: Path, target: Path) -> None:
    """Unpack a zip into the folder `target`, made anew. Raises DataError as `unpack_tar`."""
    _make_anew(target)
    try:
        with zipfile.ZipFile(archive) as file:
            for info in tqdm(file.infolist(), desc=f"unpacking {archive.name}", unit="files"):
                # Zips made on Windows leave the type of file zero.
                if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise _refusal(archive.name, info.filename, "is neither a file nor a folder")
                path = _inside(archive.name, info.filename)
                if not info.is_dir():
                    with file.open(info) as content:
                        _write(content, target / path)
    except (*BROKEN, OSError) as error:
        raise _broken(archive.name, target, error) from error


def _make_anew(target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)


def _inside(archive: str, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise _refusal(archive, name, "leads outside its folder")
    return path


def _write(content: IO[bytes], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _refusal(archive: str, name: str, reason: str) -> RefusedError:
    return RefusedError(f"{archive} is refused, for its member {name!r} {reason}: do not trust it")


def _broken(archive: str, target: Path, error: Exception) -> DataError:
    return DataError(f"{archive} cannot be unpacked into {target}: {error}")

"""Archives unpacked so that nothing in them can reach outside the folder meant for them.

Folders and plain files only are made, by our own hand: no link, device, owner or mode of the
archive is ever used.
"""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from tqdm import tqdm

from dirac.data.errors import DataError


class Member(NamedTuple):
    """A file of an archive; `content` is None for a folder."""

    name: str
    content: IO[bytes] | None


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar (of any compression) or zip into the folder `target`, made anew.

    Raises DataError if the archive is broken, names a path outside `target`, holds anything but
    files and folders, or does not fit on the disk.
    """
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    members = _members_of_zip if zipfile.is_zipfile(archive) else _members_of_tar
    try:
        for member in members(archive):
            _write(member, _inside(target, member.name, archive))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{archive} cannot be unpacked into {target}: {error}") from error


def _members_of_tar(archive: Path) -> Iterator[Member]:
    size = archive.stat().st_size
    bar = tqdm(desc=f"unpacking {archive.name}", total=size, unit="B", unit_scale=True)
    with bar, archive.open("rb") as file, tarfile.open(fileobj=file, mode="r|*") as tar:
        for member in tar:
            if not (member.isreg() or member.isdir()):
                raise _refusal(archive, member.name, "is neither a file nor a folder")
            yield Member(member.name, tar.extractfile(member))
            bar.update(file.tell() - bar.n)


def _members_of_zip(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for info in tqdm(file.infolist(), desc=f"unpacking {archive.name}", unit="files"):
            # Zips made on Windows leave the type of file zero.
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refusal(archive, info.filename, "is neither a file nor a folder")
            if info.is_dir():
                yield Member(info.filename, None)
            else:
                with file.open(info) as content:
                    yield Member(info.filename, content)


def _inside(target: Path, name: str, archive: Path) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise _refusal(archive, name, "leads outside its folder")
    return target / path


def _write(member: Member, path: Path) -> None:
    if member.content is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(member.content, file, 1 << 20)


def _refusal(archive: Path, name: str, reason: str) -> DataError:
    return DataError(f"{archive} is refused, for its member {name!r} {reason}: do not trust it")

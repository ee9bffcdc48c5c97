import errno
import gzip
import io
import os
import tarfile
import zipfile

import pytest

from dirac.data import unpack as module
from dirac.data.archives import Archive
from dirac.data.errors import DataError
from dirac.data.unpack import unpack_tar, unpack_zip

FILES = {"set/train/a.txt": b"a" * 100_000, "set/b.txt": b"b"}


class Stream:
    """A file in place of a download."""

    def __init__(self, path):
        self.archive = Archive(path.name, "", 0, "", 0)
        self.file = path.open("rb")
        self.finished = self.dropped = False

    def read(self, n_bytes):
        return self.file.read(min(n_bytes, 1000))

    def finish(self):
        self.finished = True

    def drop(self):
        self.dropped = True


def unpack(path, target, is_wanted=lambda name: True):
    """-> the stream of a tar"""
    if path.suffix == ".zip":
        return unpack_zip(path, target)
    stream = Stream(path)
    unpack_tar(stream, target, is_wanted)
    assert stream.finished
    return stream


def tar_of(folder, files=FILES, **special):
    """`special`: attributes of one more member, named x unless they say otherwise."""
    path = folder / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        folder = tarfile.TarInfo("set")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        if special:
            info = tarfile.TarInfo("x")
            for attribute, value in special.items():
                setattr(info, attribute, value)
            tar.addfile(info)
    return path


def zip_of(folder, files=FILES, external_attr=0):
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.mkdir("set")
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.filename, info.external_attr = name, external_attr
            file.writestr(info, content)
    return path


def contents(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_an_archive_is_unpacked(tmp_path, make):
    unpack(make(tmp_path), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_of_a_tar_only_what_is_wanted_is_unpacked(tmp_path):
    unpack(tar_of(tmp_path), tmp_path / "out", lambda name: name.parent.name == "train")
    assert contents(tmp_path / "out") == {"set/train/a.txt": FILES["set/train/a.txt"]}


def test_a_tar_of_several_gzip_members_is_unpacked(tmp_path):
    """As pigz and bgzip write them."""
    path = tar_of(tmp_path)
    content = gzip.decompress(path.read_bytes())
    middle = len(content) // 2
    path.write_bytes(gzip.compress(content[:middle]) + gzip.compress(content[middle:]))
    unpack(path, tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_what_a_killed_run_left_is_removed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "half").write_bytes(b"")
    unpack(zip_of(tmp_path), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.parametrize("name", ["../evil", "/evil", "set/../../evil", "..\\evil", "a/.."])
@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_path_outside_is_refused(tmp_path, make, name):
    archive = make(tmp_path, {name: b"evil"})
    with pytest.raises(DataError, match=r"archive.* is refused.*leads outside"):
        unpack(archive, tmp_path / "in" / "out")
    assert contents(tmp_path).keys() == {archive.name}


@pytest.mark.parametrize(
    "type_",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices_of_a_tar_are_refused(tmp_path, type_):
    archive = tar_of(tmp_path, type=type_, linkname="set/b.txt")
    with pytest.raises(DataError, match=r"archive\.tar\.gz is refused.*'x' is neither a file nor"):
        unpack(archive, tmp_path / "out")
    assert not os.path.lexists(tmp_path / "out" / "x")


def test_links_of_a_zip_are_refused(tmp_path):
    archive = zip_of(tmp_path, {"x": b"/etc"}, external_attr=0o120777 << 16)
    with pytest.raises(DataError, match=r"archive\.zip is refused.*'x' is neither"):
        unpack(archive, tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_modes_of_the_archive_are_not_used(tmp_path):
    unpack(tar_of(tmp_path, name="x", mode=0o6777), tmp_path / "out")
    assert (tmp_path / "out" / "x").stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_truncated_archive_is_named(tmp_path, make):
    archive = make(tmp_path)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match=r"archive.* cannot be unpacked into .*out"):
        unpack(archive, tmp_path / "out")


def corrupt(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["refused", "corrupt", "full disk"])
def test_bytes_that_turn_out_to_be_wrong_are_dropped_and_good_ones_kept(
    tmp_path, monkeypatch, kind
):
    path = tar_of(tmp_path, {"../evil": b""} if kind == "refused" else FILES)
    if kind == "corrupt":
        corrupt(path)
    if kind == "full disk":

        def fail(*args):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(module.shutil, "copyfileobj", fail)
    stream = Stream(path)
    with pytest.raises(DataError, match="No space left" if kind == "full disk" else "archive"):
        unpack_tar(stream, tmp_path / "out", lambda name: True)
    assert stream.dropped == (kind != "full disk")
    assert not stream.finished

import errno
import io
import os
import tarfile
import zipfile

import pytest

from dirac.data import unpack as module
from dirac.data.errors import DataError
from dirac.data.unpack import unpack

FILES = {"set/train/a.txt": b"a" * 100_000, "set/b.txt": b"b"}


def tar_of(path, files=FILES, compression="gz", **special):
    """`special`: attributes of one more member, named x unless they say otherwise."""
    with tarfile.open(path, f"w:{compression}") as tar:
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


def zip_of(path, files=FILES, external_attr=0):
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


@pytest.mark.parametrize("compression", ["", "gz", "xz"])
def test_a_tar_is_unpacked(tmp_path, compression):
    unpack(tar_of(tmp_path / "a.tar", compression=compression), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_a_zip_is_unpacked(tmp_path):
    unpack(zip_of(tmp_path / "a.zip"), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


def test_what_a_killed_run_left_is_removed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "half").write_bytes(b"")
    unpack(zip_of(tmp_path / "a.zip"), tmp_path / "out")
    assert contents(tmp_path / "out") == FILES


@pytest.mark.parametrize("name", ["../evil", "/evil", "set/../../evil", "..\\evil", "a/.."])
@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_path_outside_is_refused(tmp_path, make, name):
    archive = make(tmp_path / "archive", {name: b"evil"})
    with pytest.raises(DataError, match=r"archive is refused.*leads outside"):
        unpack(archive, tmp_path / "in" / "out")
    assert contents(tmp_path).keys() == {"archive"}


@pytest.mark.parametrize(
    "type_",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_and_devices_of_a_tar_are_refused(tmp_path, type_):
    archive = tar_of(tmp_path / "a.tar", type=type_, linkname="set/b.txt")
    with pytest.raises(DataError, match=r"a\.tar is refused.*'x' is neither a file nor a folder"):
        unpack(archive, tmp_path / "out")
    assert not os.path.lexists(tmp_path / "out" / "x")


def test_links_of_a_zip_are_refused(tmp_path):
    archive = zip_of(tmp_path / "a.zip", {"x": b"/etc"}, external_attr=0o120777 << 16)
    with pytest.raises(DataError, match=r"a\.zip is refused.*'x' is neither"):
        unpack(archive, tmp_path / "out")
    assert contents(tmp_path / "out") == {}


def test_modes_of_the_archive_are_not_used(tmp_path):
    unpack(tar_of(tmp_path / "a.tar", name="x", mode=0o6777), tmp_path / "out")
    assert (tmp_path / "out" / "x").stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_truncated_archive_is_named(tmp_path, make):
    archive = make(tmp_path / "archive")
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(DataError, match=r"archive cannot be unpacked into .*out"):
        unpack(archive, tmp_path / "out")


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfileobj", fail)
    with pytest.raises(DataError, match=r"a\.tar cannot be unpacked into .*No space left"):
        unpack(tar_of(tmp_path / "a.tar"), tmp_path / "out")

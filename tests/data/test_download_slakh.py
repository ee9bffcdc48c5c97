"""Slakh2100 unpacked while it streams, with faults of the network and on narrow disks."""

import collections
import gzip

import numpy as np
import pytest

from dirac.data import download as module
from dirac.data import fetch, slakh_archive
from dirac.data.collections import find_tracks
from dirac.data.download import provide
from dirac.data.errors import DataError

from .conftest import tar_of


@pytest.fixture
def slakh2100(tmp_path, slakh_track):
    """Noise, which no compression makes smaller than several pieces of a download."""
    made, random = tmp_path / "made" / "slakh2100_flac_redux", np.random.default_rng(0)
    classes = {"S00": "Drums", "S01": "Bass", "S03": "Piano"}
    for place in ("train/Track00001", "validation/Track01501", "omitted/Track00002"):
        stems = {stem: random.uniform(-0.5, 0.5, 22050) for stem in classes}
        slakh_track(made / place, classes, stems, rate=44100)
    return tar_of(made, "slakh2100_flac_redux")


def test_of_slakh2100_the_sources_asked_for_are_kept(tmp_path, scratch, serve, slakh2100):
    serve("slakh2100", slakh2100)
    provide("slakh2100", None, tmp_path / "raw", scratch, ("drums", "piano"))
    tracks = find_tracks("slakh2100", tmp_path / "raw")
    assert [track.name for track in tracks] == ["train-Track00001", "validation-Track01501"]
    assert all(set(track.stems) == {"drums", "piano"} for track in tracks)
    files = {path.name for path in (tmp_path / "raw").rglob("*") if path.is_file()}
    assert files == {"metadata.yaml", "S00.flac", "S03.flac"}


def cut_after(server, content, n_bytes):
    def fault(handler):
        server.send(handler, content, n_bytes)
        return True

    return fault


@pytest.fixture
def narrow_disk(monkeypatch):
    """Room for what is kept of an archive, and not for the archive beside it."""
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(slakh_archive, "N_BYTES_A_SOURCE", 1_000_000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(0, 0, 1_000_000))


@pytest.mark.parametrize("ranges", [True, False])
def test_on_a_narrow_disk_the_stream_is_not_kept_and_outlives_cuts(
    tmp_path, scratch, server, serve, slakh2100, narrow_disk, capsys, ranges
):
    serve("slakh2100", slakh2100, 2_000_000)
    server.ranges = ranges
    server.faults = [cut_after(server, slakh2100, n * fetch.PIECE) for n in (1, 3)]
    provide("slakh2100", None, tmp_path / "raw", scratch, ("drums",))
    assert [set(track.stems) for track in find_tracks("slakh2100", tmp_path / "raw")] == [
        {"drums"},
        {"drums"},
    ]
    assert len(server.requests) == 3
    assert list(scratch.iterdir()) == []
    assert "is not kept while it is unpacked, for want of" in capsys.readouterr().err


class Killed(BaseException):
    pass


@pytest.mark.parametrize("narrow", [True, False])
def test_a_killed_stream_is_gone_on_with_or_read_anew(
    tmp_path, scratch, server, serve, slakh2100, request, narrow
):
    if narrow:
        request.getfixturevalue("narrow_disk")
    serve("slakh2100", slakh2100, 2_000_000)

    read = fetch.Download.read

    def read_or_die(self, n_bytes=-1):
        if self._bar.n > 3 * fetch.PIECE:
            raise Killed
        return read(self, n_bytes)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fetch.Download, "read", read_or_die)
        with pytest.raises(Killed):
            provide("slakh2100", None, tmp_path / "raw", scratch, ("drums",))
    provide("slakh2100", None, tmp_path / "raw", scratch, ("drums",))
    assert len(find_tracks("slakh2100", tmp_path / "raw")) == 2
    (_, again) = server.requests
    start = int(again.removeprefix("bytes=").removesuffix("-"))
    assert start == (0 if narrow else 4 * fetch.PIECE)


def test_a_stream_of_wrong_bytes_is_not_published_and_begins_anew(
    tmp_path, scratch, server, serve, slakh2100
):
    archive = serve("slakh2100", slakh2100)
    other = gzip.compress(gzip.decompress(slakh2100), 1)[: len(slakh2100)]
    server.files["/file"] = other.ljust(len(slakh2100), b"\0")
    with pytest.raises(DataError, match=rf"md5 is .* and not {archive.md5}|cannot be unpacked"):
        provide("slakh2100", None, tmp_path / "raw", scratch, ("drums",))
    assert list(scratch.iterdir()) == []
    server.files["/file"] = slakh2100
    provide("slakh2100", None, tmp_path / "raw", scratch, ("drums",))


def test_a_source_that_slakh_lacks_is_said_before_the_start(
    tmp_path, scratch, server, serve, slakh2100
):
    serve("slakh2100", slakh2100)
    with pytest.raises(DataError, match="Slakh has no kazoo; there are bass, brass"):
        provide("slakh2100", None, tmp_path / "raw", scratch, ("kazoo",))
    assert server.requests == []

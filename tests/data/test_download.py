import hashlib
import io
import tarfile
import zipfile

import pytest

from dirac.data import download as module
from dirac.data.archives import Archive
from dirac.data.collections import find_tracks
from dirac.data.download import provide
from dirac.data.errors import DataError


def serve(server, monkeypatch, name, content):
    server.files["/file"] = content
    md5 = hashlib.md5(content).hexdigest()
    archive = Archive(f"{name}.archive", f"{server.url}/file", len(content), md5, 0)
    monkeypatch.setitem(module.ARCHIVES, name, archive)


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_babyslakh_from_its_archive(tmp_path, scratch, server, monkeypatch, slakh_track, sine):
    made = tmp_path / "made" / "babyslakh_16k" / "Track00001"
    slakh_track(made, {"S00": "Drums"}, {"S00": sine(100)}, ".wav")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.add(made.parent, "babyslakh_16k")
    serve(server, monkeypatch, "babyslakh", content.getvalue())
    folder = tmp_path / "raw"
    for _ in range(2):  # the second time, as after a kill before the folder was published
        provide("babyslakh", None, folder, scratch)
        assert [track.name for track in find_tracks("babyslakh", folder)] == ["train-Track00001"]
    assert len(server.requests) == 1


def test_musdb18hq_from_its_archive(tmp_path, scratch, server, monkeypatch, musdb_song):
    song = musdb_song(tmp_path / "made" / "train" / "A - B")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for path in song.iterdir():
            file.write(path, f"train/A - B/{path.name}")
    serve(server, monkeypatch, "musdb18hq", content.getvalue())
    provide("musdb18hq", None, tmp_path / "raw", scratch)
    (track,) = find_tracks("musdb18hq", tmp_path / "raw")
    assert set(track.stems) == {"drums", "bass", "other", "vocals"}


def test_an_archive_of_something_else_is_an_error(tmp_path, scratch, server, monkeypatch):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("readme.txt", "nothing")
    serve(server, monkeypatch, "slakh2100", content.getvalue())
    with pytest.raises(DataError, match="raw holds no tracks"):
        provide("slakh2100", None, tmp_path / "raw", scratch)


def test_musdb18_without_ffmpeg_is_refused_before_the_download(
    tmp_path, scratch, server, monkeypatch
):
    serve(server, monkeypatch, "musdb18", b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"not installed.*musdb18hq"):
        provide("musdb18", None, tmp_path / "raw", scratch)
    assert server.requests == []


def test_a_given_root_is_used_in_place(tmp_path, scratch, server, slakh_track, sine):
    root = tmp_path / "mine"
    slakh_track(root / "test" / "Track00009", {"S00": "Drums"}, {"S00": sine(100)})
    before = sorted(root.rglob("*"))
    provide("slakh2100", root, tmp_path / "raw", scratch)
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["root.json"]
    assert find_tracks("slakh2100", tmp_path / "raw")[0].name == "test-Track00009"
    assert sorted(root.rglob("*")) == before
    assert server.requests == []

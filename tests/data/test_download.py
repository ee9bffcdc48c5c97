import collections
import json

import pytest

from dirac.data import download as module
from dirac.data.collections import find_tracks
from dirac.data.download import provide
from dirac.data.errors import DataError

from .conftest import tar_of, zip_of


@pytest.fixture
def babyslakh(tmp_path, slakh_track, sine):
    made = tmp_path / "made" / "babyslakh_16k"
    for number in (1, 2, 3):
        track = made / f"Track{number:05d}"
        slakh_track(track, {"S00": "Drums"}, {"S00": sine(100)}, ".wav", 16000)
    return tar_of(made, "babyslakh_16k")


def test_babyslakh_from_its_archive(tmp_path, scratch, server, serve, babyslakh):
    serve("babyslakh", babyslakh)
    folder = tmp_path / "raw"
    for _ in range(2):  # the second time, as after a kill before the folder was published
        provide("babyslakh", None, folder, scratch, ("bass",))
        tracks = find_tracks("babyslakh", folder)
        assert [track.split for track in tracks] == ["train", "validation", "test"]
        assert {track.sample_rate for track in tracks} == {16000}
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["slakh2100", "babyslakh", "musdb18hq"])
def test_too_small_a_disk_is_said_before_the_start(
    tmp_path, scratch, server, serve, monkeypatch, name
):
    usage = collections.namedtuple("usage", "total used free")
    serve(name, bytes(100), 5_000_000_000)
    free = 5_000_000_000 - 1 if name != "musdb18hq" else 5_000_000_000 + 100 - 1
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: usage(0, 0, free))
    with pytest.raises(DataError, match=r"needs 5\.0 GB more in .* make room, or set data\.root"):
        provide(name, None, tmp_path / "raw", scratch, None)
    assert server.requests == []


def test_musdb18hq_from_its_archive(tmp_path, scratch, server, serve, musdb_song):
    musdb_song(tmp_path / "made" / "train" / "A - B")
    serve("musdb18hq", zip_of(tmp_path / "made"))
    for _ in range(2):
        provide("musdb18hq", None, tmp_path / "raw", scratch, None)
    (track,) = find_tracks("musdb18hq", tmp_path / "raw")
    assert set(track.stems) == {"drums", "bass", "other", "vocals"}
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["musdb18", "musdb18_preview"])
def test_compressed_musdb_from_its_archive(tmp_path, scratch, serve, program, name):
    """Its layout; what plays ffmpeg is a script."""
    for song in ("train/ANiMAL - Rockshow", "train/A - B", "test/C - D"):
        path = tmp_path / "made" / f"{song}.stem.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mp4")
    stream = {"sample_rate": "44100", "channels": 2, "duration": "6.8"}
    program("ffprobe", f"print('''{json.dumps({'streams': 5 * [stream]})}''')")
    program("ffmpeg", "")
    serve(name, zip_of(tmp_path / "made"))
    provide(name, None, tmp_path / "raw", scratch, None)
    tracks = find_tracks(name, tmp_path / "raw")
    assert [track.split for track in tracks] == ["train", "validation", "test"]
    assert {round(track.duration_seconds, 6) for track in tracks} == {6.8}


@pytest.mark.parametrize("name", ["musdb18", "musdb18_preview"])
def test_without_ffmpeg_compressed_musdb_is_refused_before_the_download(
    tmp_path, scratch, server, serve, monkeypatch, name
):
    serve(name, b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"not installed.*musdb18hq"):
        provide(name, None, tmp_path / "raw", scratch, None)
    assert server.requests == []


def test_an_archive_of_something_else_is_an_error(tmp_path, scratch, serve):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "readme.txt").write_text("nothing")
    serve("musdb18hq", zip_of(tmp_path / "made"))
    with pytest.raises(DataError, match="raw holds no tracks"):
        provide("musdb18hq", None, tmp_path / "raw", scratch, None)


def test_a_folder_of_songs_must_be_named(tmp_path, scratch):
    with pytest.raises(DataError, match=r"data\.name folder needs data\.root"):
        provide("folder", None, tmp_path / "raw", scratch, None)


def test_a_given_root_is_used_in_place(tmp_path, scratch, server, slakh_track, sine):
    root = tmp_path / "mine"
    slakh_track(root / "test" / "Track00009", {"S00": "Drums"}, {"S00": sine(100)})
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    provide("slakh2100", root, tmp_path / "raw", scratch, ("drums",))
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["root.json"]
    assert find_tracks("slakh2100", tmp_path / "raw")[0].name == "test-Track00009"
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert server.requests == []

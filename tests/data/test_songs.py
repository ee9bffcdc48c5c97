import numpy as np
import pytest
import soundfile

from dirac.audio.files import AudioError
from dirac.audio.suffixes import SUFFIXES
from dirac.data.collections import find_tracks
from dirac.data.errors import DataError
from dirac.data.excerpts import excerpts_of
from dirac.data.tracks import read_sources


def write(path, seconds=1.0, rate=8000, n_channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).uniform(
        -0.1, 0.1, (round(seconds * rate), n_channels)
    )
    soundfile.write(path, noise, rate)


def test_songs_of_any_rate_channels_and_format_in_any_folder(tmp_path):
    write(tmp_path / "a.WAV", rate=44100, n_channels=2)
    write(tmp_path / "album" / "b.flac", rate=16000)
    write(tmp_path / "album" / "disc" / "c.mp3", rate=22050, n_channels=2)
    write(tmp_path / "album" / "d.ogg", rate=48000)
    (tmp_path / "album" / "cover.jpg").write_bytes(b"x")
    write(tmp_path / ".trash" / "e.wav")
    write(tmp_path / "._a.wav")
    tracks = find_tracks("folder", tmp_path)
    assert sorted(track.sample_rate for track in tracks) == [16000, 22050, 44100, 48000]
    assert sorted(track.split for track in tracks) == ["test", "train", "train", "validation"]
    for track in tracks:
        assert list(track.stems) == ["mixture"]
        assert track.duration_seconds == pytest.approx(1, abs=0.05)
        assert read_sources(track, ("mixture",), 0.25, 0.5, 24000, 2).std() > 0.02


def test_songs_whose_names_files_cannot_have_stay_apart(tmp_path):
    for name in ("\u66f2.wav", "\u6b4c.wav", "a b.wav", "a_b.wav", f"{'x' * 200}.wav"):
        write(tmp_path / name)
    names = {excerpt.name for excerpt in excerpts_of(find_tracks("folder", tmp_path), 0.9)}
    assert len(names) == 5
    assert max(map(len, names)) < 100


@pytest.mark.parametrize("n_songs", [0, 2])
def test_fewer_songs_than_splits_are_an_error(tmp_path, n_songs):
    for number in range(n_songs):
        write(tmp_path / f"{number}.wav")
    said = rf"{tmp_path} holds fewer than three songs: {n_songs} .*test needs one"
    with pytest.raises(DataError, match=said):
        find_tracks("folder", tmp_path)


def test_a_song_that_cannot_be_read_is_named(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.wav")
    (tmp_path / "b.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError, match=r"b\.wav cannot be read as audio"):
        find_tracks("folder", tmp_path)


def test_every_suffix_is_of_a_format_that_soundfile_has():
    formats = {name.lower() for name in soundfile.available_formats()}
    named_otherwise = {"wave", "oga", "opus", "aif", "aifc", "snd"}
    assert {suffix[1:] for suffix in SUFFIXES} - named_otherwise <= formats

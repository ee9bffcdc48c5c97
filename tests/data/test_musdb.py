import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from dirac.audio.files import AudioError
from dirac.data import collections
from dirac.data.errors import DataError
from dirac.data.musdb import validation_names
from dirac.data.tracks import Stem, read_sources


def find_tracks(root):
    return collections.find_tracks("musdb18", root)


def test_the_validation_tracks_are_those_of_musdb_which_is_not_imported():
    imported = "musdb" in sys.modules
    names = validation_names()
    assert len(names) == 14
    assert "Actions - One Minute Smile" in names
    assert ("musdb" in sys.modules) == imported


def test_songs_of_wav_files(tmp_path, musdb_song, sine):
    base = tmp_path / "musdb18hq"
    for place in ("train/A - B", "train/Meaxic - Take A Step", "test/C - D"):
        musdb_song(base / place)
    (base / "train" / ".DS_Store").write_bytes(b"")
    (base / "train" / "._A - B").mkdir()
    expected = ["train-A - B", "validation-Meaxic - Take A Step", "test-C - D"]
    for root in (tmp_path, base):
        tracks = find_tracks(root)
        assert [track.name for track in tracks] == expected
        assert [track.split for track in tracks] == ["train", "validation", "test"]
    read = read_sources(tracks[0], ("vocals", "drums", "piano"), 0.0, 0.5, 8000, 2)
    np.testing.assert_allclose(read[0], [sine(500), sine(250)], atol=1e-4)
    np.testing.assert_allclose(read[1], [sine(200), sine(100)], atol=1e-4)
    assert not read[2].any()


def test_a_missing_file_is_named(tmp_path, musdb_song):
    folder = musdb_song(tmp_path / "train" / "A - B")
    (folder / "bass.wav").unlink()
    with pytest.raises(AudioError, match=r"A - B/bass\.wav"):
        find_tracks(tmp_path)


def test_no_songs_is_an_error(tmp_path):
    (tmp_path / "train").mkdir()
    with pytest.raises(DataError, match=r"holds no tracks.*data\.root"):
        find_tracks(tmp_path)


def test_compressed_songs_without_ffmpeg(tmp_path, monkeypatch):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "A - B.stem.mp4").write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"ffprobe.*not installed.*musdb18hq"):
        find_tracks(tmp_path)


def test_compressed_songs_by_way_of_the_programs(tmp_path, program):
    """ffprobe and ffmpeg played by scripts, so that this holds where they are not installed."""
    path = tmp_path / "train" / "ANiMAL - Rockshow.stem.mp4"
    path.parent.mkdir()
    path.write_bytes(b"")
    stream = {"sample_rate": "8000", "channels": 2, "duration": "2.5"}
    program("ffprobe", f"print('''{json.dumps({'streams': 5 * [stream]})}''')")
    program("ffmpeg", "import array; array.array('f', [1, -1] * 8000).tofile(sys.stdout.buffer)")
    (track,) = find_tracks(tmp_path)
    assert (track.name, track.split) == ("validation-ANiMAL - Rockshow", "validation")
    assert (track.sample_rate, track.n_samples) == (8000, 20000)
    assert track.stems["bass"] == (Stem(path, 2),)
    read = read_sources(track, ("bass",), 0.5, 1.0, 8000, 2)
    np.testing.assert_array_equal(read[0], np.repeat([[1], [-1]], 8000, axis=1))


def test_a_broken_or_foreign_compressed_song_is_named(tmp_path, program):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "A - B.stem.mp4").write_bytes(b"")
    program("ffmpeg", "")
    program("ffprobe", "sys.exit('moov atom not found')")
    with pytest.raises(DataError, match=r"A - B\.stem\.mp4 cannot be read.*moov atom"):
        find_tracks(tmp_path)
    program("ffprobe", """print('{"streams": []}')""")
    with pytest.raises(DataError, match=r"A - B\.stem\.mp4 has 0 audio streams"):
        find_tracks(tmp_path)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_a_real_compressed_song(tmp_path, musdb_song, sine):
    """Five AAC streams: each must come back as itself, and at the place it was asked for."""
    rate = 44100
    wavs = musdb_song(tmp_path / "wav", seconds=6.0, rate=rate)
    names = ("mixture", "drums", "bass", "other", "vocals")
    inputs = [part for name in names for part in ("-i", str(wavs / f"{name}.wav"))]
    maps = [part for i in range(5) for part in ("-map", str(i))]
    path = tmp_path / "set" / "test" / "A - B.stem.mp4"
    path.parent.mkdir(parents=True)
    command = ["ffmpeg", "-v", "error", *inputs, *maps, "-c:a", "aac", "-b:a", "256k", str(path)]
    subprocess.run(command, check=True, env=os.environ)

    (track,) = find_tracks(tmp_path / "set")
    assert abs(track.n_samples - 6 * rate) <= 2048
    for start in (0.0, 0.5, 3.25, 4.9):
        read = read_sources(track, ("drums", "vocals"), start, 1.0, rate, 2)
        cut = slice(round(start * rate), round((start + 1) * rate))
        for estimate, frequencies in zip(read, ((200, 100), (500, 250)), strict=True):
            expected = np.stack([sine(f, 6.0, rate)[cut] for f in frequencies])
            middle = slice(2048, -2048)
            error = estimate[:, middle] - expected[:, middle]
            assert np.sqrt((error**2).mean()) < 0.02

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from dirac.cli.main import main
from dirac.data.check import check, describe
from dirac.data.collections import point_at, recognise
from dirac.data.errors import DataError


@pytest.fixture
def slakh(tmp_path, slakh_track, sine):
    """Three good tracks; of the second, one stem is silent, and one that it names is not there."""
    root = tmp_path / "slakh"
    classes = {"S00": "Drums", "S02": "Bass", "S05": "Bass"}
    for number, split in enumerate(("train", "train", "test")):
        stems = {"S00": sine(100, 3), "S02": sine(200, 3), "S05": sine(300, 3)}
        if number == 1:
            stems = {"S00": sine(100, 3), "S02": np.zeros(24000)}
        slakh_track(root / split / f"Track0000{number}", classes, stems)
    return root


def test_what_there_is_is_counted(slakh):
    found = check(slakh, None)
    lines = list(describe(found))
    assert lines[0] == f"{slakh}: slakh2100, 3 tracks, 0.00 hours"
    assert "  train: 2 tracks, 0.00 hours" in lines
    assert "  validation: 0 tracks, 0.00 hours" in lines
    assert "  bass: 3 tracks, 0.00 hours, 5 stems" in lines
    assert "  rates: 8000 Hz in 3 (tracks)" in lines
    assert "  channels: 1 in 8 (files)" in lines
    assert "stems that metadata.yaml names: 9, of which 8 have a file and are read" in lines
    assert found.silent == [str(slakh / "train" / "Track00001" / "stems" / "S02.flac")]
    assert found.unusable == []


def test_voices_of_a_kit_are_no_stems_of_their_own(slakh, sine):
    folder = slakh / "test" / "Track00002"
    (folder / "stems" / "voices").mkdir()
    soundfile.write(folder / "stems" / "voices" / "S00_kick.flac", sine(50, 3), 8000)
    values = YAML().load(folder / "metadata.yaml")
    values["stems"]["S00"]["voices"] = {"kick": "voices/S00_kick.flac"}
    YAML().dump(values, folder / "metadata.yaml")
    lines = list(describe(check(slakh, None)))
    assert "  kick: 1 tracks, 0.00 hours, 1 stems" in lines
    assert "stems that metadata.yaml names: 9, of which 8 have a file and are read" in lines


def test_all_that_is_wrong_is_named_at_once(slakh, sine):
    cut, missing, _short = (
        slakh / place for place in ("train/Track00000", "train/Track00001", "test")
    )
    stem = cut / "stems" / "S02.flac"
    stem.write_bytes(stem.read_bytes()[: stem.stat().st_size // 2])
    (missing / "metadata.yaml").unlink()
    soundfile.write(slakh / "test" / "Track00002" / "stems" / "S05.flac", sine(100, 1), 8000)
    found = check(slakh, None)
    assert len(found.tracks) == 1
    problems = sorted(found.unusable)
    assert len(problems) == 3
    assert "S05.flac has 8000 samples, but mix.flac of its track 24000" in problems[0]
    assert "S02.flac" in problems[1]
    assert "truncated" in problems[1]
    assert "Track00001/metadata.yaml is missing" in problems[2]


@pytest.mark.parametrize("sounding", [0.0, 1.5, 2.95])
def test_a_stem_that_sounds_where_it_is_looked_at_is_not_silent(tmp_path, sounding):
    """0.1 s in the middle of 3 s, at its beginning and at its end are among the looks."""
    for name in "abc":
        samples = np.zeros(24000)
        start = round(sounding * 8000)
        samples[start : start + 800] = 0.1
        soundfile.write(tmp_path / f"{name}.wav", samples, 8000)
    assert check(tmp_path, None).silent == []


def test_of_a_long_stem_only_short_looks_are_read(tmp_path, monkeypatch):
    from dirac.data import check as module

    read = []

    def counted(path, start=0, n_samples=None):
        read.append(n_samples)
        return np.zeros((1, n_samples), np.float32), 8000

    monkeypatch.setattr(module, "read_audio", counted)
    for name in "abc":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(8000 * 60), 8000)
    assert len(check(tmp_path, None).silent) == 3
    assert read == [800] * 3 * (1 + module.N_LOOKS)


def test_a_folder_of_songs_says_what_it_leaves_out(tmp_path, sine):
    (tmp_path / "album").mkdir()
    for name, rate, n_channels in (
        ("a.wav", 8000, 1),
        ("album/b.flac", 16000, 2),
        ("c.ogg", 8000, 2),
    ):
        soundfile.write(tmp_path / name, np.stack([sine(100, 1, rate)] * n_channels, 1), rate)
    for name in ("cover.JPG", "album/song.m4a", "album/other.m4a", ".hidden.wav", "README"):
        (tmp_path / name).write_bytes(b"x")
    lines = list(describe(check(tmp_path, None)))
    assert lines[0] == f"{tmp_path}: folder, 3 tracks, 0.00 hours"
    assert "  mixture: 3 tracks, 0.00 hours, 3 stems" in lines
    assert "  rates: 8000 Hz in 2, 16000 Hz in 1 (tracks)" in lines
    assert "  channels: 1 in 1, 2 in 2 (files)" in lines
    left_out = next(line for line in lines if line.startswith("no songs by their suffix"))
    assert all(part in left_out for part in (".jpg in 1", ".m4a in 2", "README in 1"))


def test_layouts_are_recognised(tmp_path, slakh, slakh_track, musdb_song, sine):
    slakh_track(tmp_path / "baby" / "Track00001", {"S00": "Drums"}, {"S00": sine(100)}, ".wav")
    musdb_song(tmp_path / "hq" / "inside" / "train" / "A - B")
    (tmp_path / "stems" / "test").mkdir(parents=True)
    (tmp_path / "stems" / "test" / "A - B.stem.mp4").write_bytes(b"")
    (tmp_path / "songs" / "train").mkdir(parents=True)
    soundfile.write(tmp_path / "songs" / "train" / "a.wav", sine(100), 8000)
    point_at(tmp_path / "raw", "babyslakh", slakh)
    expected = {
        "slakh": "slakh2100",
        "baby": "babyslakh",
        "hq": "musdb18hq",
        "stems": "musdb18",
        "songs": "folder",
        "raw": "babyslakh",  # as it was called when it was pointed at
    }
    assert {name: recognise(tmp_path / name) for name in expected} == expected
    (tmp_path / "made").mkdir()
    with pytest.raises(DataError, match="made holds no data set that is known: synthetic, slakh"):
        recognise(tmp_path / "made")


def test_the_command_prints_and_its_status_says_whether_all_can_be_used(slakh, capsys):
    main(["data", "check", str(slakh)])
    assert "unusable: none" in capsys.readouterr().out
    (slakh / "test" / "Track00002" / "metadata.yaml").write_text("")
    with pytest.raises(SystemExit) as left:
        main(["data", "check", str(slakh), "--name", "slakh2100"])
    assert left.value.code == 1
    assert "unusable: 1\n" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["data", "check", str(slakh), "--name", "slak"])
    assert "no data set is called 'slak'; there are synthetic" in capsys.readouterr().err

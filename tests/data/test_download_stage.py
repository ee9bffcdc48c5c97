"""stages/download.py as DVC runs it, on the project's own params.yaml with a few values changed."""

import runpy
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dirac.data.collections import find_tracks
from dirac.data.errors import DataError

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def run_stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["download.py", "--output", "data/raw"])

    def run(**changes):
        yaml = YAML()
        params = yaml.load(PROJECT / "params.yaml")
        params["data"].update(changes)
        yaml.dump(params, tmp_path / "params.yaml")
        runpy.run_path(str(PROJECT / "stages" / "download.py"), run_name="__main__")
        return find_tracks(params["data"]["name"], tmp_path / "data" / "raw")

    return run


def test_a_given_root_and_then_another(tmp_path, run_stage, slakh_track, sine):
    for number in (1, 2):
        folder = tmp_path / f"mine{number}" / "train" / f"Track0000{number}"
        slakh_track(folder, {"S00": "Drums"}, {"S00": sine(100)})
    # Relative to the project, and over a folder that something left half-written.
    (tmp_path / "data" / "raw" / "train").mkdir(parents=True)
    assert [track.name for track in run_stage(name="slakh2100", root="mine1")] == [
        "train-Track00001"
    ]
    (track,) = run_stage(name="slakh2100", root=str(tmp_path / "mine2"))
    assert track.name == "train-Track00002"
    assert list((tmp_path / ".scratch").iterdir()) == []


def test_a_root_without_tracks_leaves_what_was_there(tmp_path, run_stage):
    (tmp_path / "empty").mkdir()
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "old").write_bytes(b"")
    with pytest.raises(DataError, match="empty holds no tracks"):
        run_stage(name="slakh2100", root="empty")
    assert (tmp_path / "data" / "raw" / "old").exists()


def test_the_synthetic_set_is_composed(run_stage):
    synthetic = {
        "seed": 1,
        "n_songs": {"train": 1, "validation": 1, "test": 1},
        "duration_seconds": 8,
        "sample_rate": 16000,
        "level_db": 3.0,
        "production": 0.5,
        "drum_voices": False,
        "banks": [],
        "synthesis": 0.0,
        "tuning": 0.0,
        "dense": 0.0,
    }
    tracks = run_stage(name="synthetic", root=None, synthetic=synthetic)
    assert [track.split for track in tracks] == ["train", "validation", "test"]
    for track in tracks:
        assert track.sample_rate == 16000
        assert {"drums", "bass"} <= set(track.stems)

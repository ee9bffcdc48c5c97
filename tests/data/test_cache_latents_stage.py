"""stages/cache_latents.py as DVC runs it, on the project's own params.yaml with values changed."""

import runpy
import shutil
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dirac.audio.weights import CodecError
from dirac.data.errors import DataError
from dirac.data.splits import SPLITS
from dirac.data.store import LatentStore

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def run_stage(tmp_path, monkeypatch, slakh_track, sine):
    """Three tracks of three seconds with drums and bass, cached in excerpts of a second."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    arguments = ["cache_latents.py", "--data", "data/raw", "--output", "data/latents"]
    monkeypatch.setattr(sys, "argv", arguments)
    for number, split in enumerate(SPLITS):
        slakh_track(
            tmp_path / "data" / "raw" / split / f"Track0000{number}",
            {"S00": "Drums", "S01": "Bass"},
            {"S00": sine(1000, 3, 44100), "S01": sine(60, 3, 44100)},
            rate=44100,
        )

    def run(codec=None, **changes):
        yaml = YAML()
        params = yaml.load(PROJECT / "params.yaml")
        params["data"].update(name="slakh2100", sources=["drums", "bass"], duration_seconds=1.0)
        params["data"].update(changes)
        for section in ("train", "prior"):
            params[section]["n_frames"] = 75
        params["codec"].update(codec or {"name": "spectrogram"})
        yaml.dump(params, tmp_path / "params.yaml")
        runpy.run_path(str(PROJECT / "stages" / "cache_latents.py"), run_name="__main__")
        return {split: LatentStore(tmp_path / "data/latents" / f"{split}.lmdb") for split in SPLITS}

    return run


def test_each_split_has_its_store_and_a_rerun_replaces_it(tmp_path, run_stage):
    stores = run_stage(max_excerpts={"train": None, "validation": 1, "test": 2})
    assert [len(stores[split]) for split in SPLITS] == [3, 1, 2]
    for number, split in enumerate(SPLITS):
        meta = stores[split].meta
        assert meta.excerpts[0].track == f"{split}-Track0000{number}"
        assert meta.data_name == "slakh2100"
        assert meta.codec["name"] == "spectrogram"
        assert "weights" not in meta.codec  # a path of this machine
        drums, bass = (stores[split].source(0, name).mean(1).argmax() for name in ("drums", "bass"))
        assert drums > bass + 20
    assert len(run_stage(max_excerpts=dict.fromkeys(SPLITS, 2))["train"]) == 2
    assert list((tmp_path / ".scratch").iterdir()) == []


def test_two_runs_and_one_or_two_processes_write_the_same_bytes(tmp_path, run_stage, monkeypatch):
    """Of the layout and rate of Slakh2100, with stems resampled."""
    written = []
    for n_processes in (1, 2, 2):
        monkeypatch.setattr("torch.get_num_threads", lambda n=n_processes: n)
        run_stage(max_excerpts=dict.fromkeys(SPLITS))
        written.append([(tmp_path / f"data/latents/{s}.lmdb").read_bytes() for s in SPLITS])
        shutil.rmtree(tmp_path / "data" / "latents")
    assert written[0] == written[1] == written[2]


def test_a_source_that_no_track_has_is_an_error_that_lists_them(run_stage):
    with pytest.raises(DataError, match="no track has flute; there are bass, drums"):
        run_stage(name="babyslakh", sources=["drums", "flute"])


def test_missing_weights_are_an_error_before_any_work(tmp_path, run_stage):
    with pytest.raises(CodecError, match=r"encodec_24khz-d7cc33bc\.th"):
        run_stage(codec={"name": "encodec_24khz", "weights": "nowhere"})
    assert not (tmp_path / "data" / "latents").exists()

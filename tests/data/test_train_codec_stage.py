"""stages/train_codec.py as DVC runs it: weights that ship, none of ours, or trained on mixtures."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from dirac.audio.encodec_mini import SHIPPED, load_encodec_mini
from dirac.audio.weights import CodecError
from dirac.data.splits import SPLITS
from dirac.models.autoencoder import half_averaged
from dirac.scratch import StartError
from dirac.settings import apply
from dirac.training.batches import BatchError

PROJECT = Path(__file__).parents[2]
STAGE = PROJECT / "stages" / "train_codec.py"


@pytest.fixture
def run_stage(tmp_path, monkeypatch, slakh_track, sine):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    arguments = ["train_codec.py", "--data", "raw", "--output", "models/codec"]
    monkeypatch.setattr(sys, "argv", arguments)

    def run(name, weights=None, train=False):
        for file in ("params.yaml", "settings.yaml"):
            (tmp_path / file).write_bytes((PROJECT / file).read_bytes())
        apply("tiny", tmp_path / "params.yaml")
        yaml = YAML()
        params = yaml.load(tmp_path / "params.yaml")
        params["data"]["name"] = "slakh2100"
        params["codec"].update(name=name, weights=weights)
        params["train_codec"]["run"] = train
        yaml.dump(params, tmp_path / "params.yaml")
        if train and not (tmp_path / "raw").exists():
            for number, split in enumerate(SPLITS):
                slakh_track(
                    tmp_path / "raw" / split / f"Track0000{number}",
                    {"S00": "Drums", "S01": "Bass"},
                    {"S00": sine(1000, 3), "S01": sine(60, 3)},
                )
        runpy.run_path(str(STAGE), run_name="__main__")
        return tmp_path / "models" / "codec"

    return run


def test_other_codecs_have_a_card_alone(run_stage):
    folder = run_stage("spectrogram")
    assert json.loads((folder / "card.json").read_text()) == {"name": "spectrogram"}
    assert [path.name for path in folder.iterdir()] == ["card.json"]


def test_what_ships_is_copied(run_stage):
    folder = run_stage("encodec_mini")
    for name in ("card.json", "model.safetensors"):
        assert (folder / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_the_output_is_no_beginning(run_stage):
    with pytest.raises(StartError, match="dvc checkout models/codec"):
        run_stage("encodec_mini", weights="models/codec")


def test_missing_weights_are_named(run_stage):
    with pytest.raises(CodecError, match=r"no model in .*nowhere"):
        run_stage("encodec_mini", weights="nowhere")


def test_processes_average_the_pairs_that_one_would():
    check_pairs = runpy.run_path(str(STAGE), run_name="stage")["check_pairs"]
    batch = torch.arange(8.0)
    for n_processes in (1, 2, 4):
        check_pairs(8, n_processes)
        shares = [half_averaged(batch[rank::n_processes]) for rank in range(n_processes)]
        assert sorted(torch.cat(shares)) == sorted(half_averaged(batch))
    check_pairs(7, 1)
    for n_processes in (3, 8):
        with pytest.raises(BatchError, match=f"a multiple of {2 * n_processes}, or fewer"):
            check_pairs(8, n_processes)


def test_training_and_validation_hear_their_own_songs(run_stage, monkeypatch):
    heard = []

    def fit(session, processes, model, datasets, *rest):
        heard.extend({data.tracks[e.track].split for e in data.excerpts} for data in datasets)
        (session.folder / "model").mkdir()
        return session.folder / "model"

    monkeypatch.setattr("dirac.training.session.fit", fit)
    run_stage("encodec_mini", train=True)
    assert heard == [{"train"}, {"validation"}]


def test_trained_on_mixtures(run_stage, tmp_path):
    folder = run_stage("encodec_mini", train=True)
    card = json.loads((folder / "card.json").read_text())
    assert (card["sources"], card["saw_stems"]) == (["drums", "bass"], False)
    assert len((folder / "history.csv").read_text().splitlines()) == 1 + 3
    assert card["network"]["n_filters"] == 2
    assert card["begun_with"] is None
    assert not list((tmp_path / ".scratch").iterdir())
    began = folder.rename(tmp_path / "before")
    again = json.loads((run_stage("encodec_mini", "before", True) / "card.json").read_text())
    assert again["begun_with"] == card["sha256"] != again["sha256"]
    assert load_encodec_mini(began).encoder.n_filters == 2

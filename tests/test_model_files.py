"""Model folders and tables: what was written comes back, what is damaged is refused."""

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from dirac import model_files
from dirac.model_files import (
    CheckpointError,
    fill,
    load_model,
    save_model,
    write_atomically,
    write_rows,
)


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_files.os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"No space left on device\): make room there"):
        write_atomically(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_model_round_trip_is_deterministic(tmp_path: Path) -> None:
    weights = {"b": torch.randn(3, 2).T, "a": torch.arange(4)}
    save_model(tmp_path / "one", weights, {"n_latents": 2, "name": "é"})
    save_model(
        tmp_path / "two", OrderedDict(reversed(weights.items())), {"name": "é", "n_latents": 2}
    )
    for name in ("model.safetensors", "card.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    loaded, card = load_model(tmp_path / "one")
    assert (card["n_latents"], card["name"]) == (2, "é")
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)


def test_broken_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no trained model"):
        load_model(tmp_path)
    save_model(tmp_path, {"a": torch.zeros(2)}, {})
    weights, card = tmp_path / "model.safetensors", tmp_path / "card.json"
    whole, text = weights.read_bytes(), card.read_text()
    weights.write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(tmp_path)
    weights.write_bytes(whole)
    card.write_text(text[:-5])
    with pytest.raises(CheckpointError, match=r"card\.json is damaged"):
        load_model(tmp_path)
    card.write_text(json.dumps({**json.loads(text), "format": 7}))
    with pytest.raises(CheckpointError, match="format 7, this program reads 1"):
        load_model(tmp_path)
    weights.unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        load_model(tmp_path)


def test_rows_as_csv(tmp_path: Path) -> None:
    write_rows(tmp_path / "new" / "t.csv", [{"step": 1, "loss": 0.1}, {"step": 2, "extra": 1 / 3}])
    text = (tmp_path / "new" / "t.csv").read_text()
    assert text == f"step,loss,extra\n1,0.1,\n2,,{1 / 3!r}\n"


def test_weights_that_do_not_fit_are_named() -> None:
    model, other = torch.nn.Linear(2, 3), torch.nn.Linear(4, 3, bias=False)
    fill(model, {name: value + 1 for name, value in torch.nn.Linear(2, 3).state_dict().items()})
    with pytest.raises(CheckpointError) as failure:
        fill(model, other.state_dict())
    assert str(failure.value) == (
        "bias is missing in the file, (3,) in the model; "
        "weight is (3, 4) in the file, (3, 2) in the model"
    )

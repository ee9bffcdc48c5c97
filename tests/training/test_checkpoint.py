"""Checkpoints and models: what was written comes back, what is damaged or foreign is refused."""

import json
import multiprocessing
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from dirac.training import checkpoint as module
from dirac.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_model,
    save_model,
    write_atomically,
    write_rows,
)


def test_round_trip(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "abc")
    assert checkpoint.load() is None
    state = {"step": 3, "weights": {"a": torch.randn(2, 3)}, "rows": [{"loss": 0.5}]}
    checkpoint.save(state)
    loaded = checkpoint.load()
    assert loaded is not None
    assert (loaded["step"], loaded["rows"]) == (3, [{"loss": 0.5}])
    assert torch.equal(loaded["weights"]["a"], state["weights"]["a"])  # type: ignore[index]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_damaged_newest_gives_way_to_the_one_before(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "abc")
    checkpoint.save({"step": 1})
    checkpoint.save({"step": 2})
    whole = checkpoint.newest.read_bytes()
    checkpoint.newest.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match=r"checkpoint\.pt cannot be read"):
        loaded = checkpoint.load()
    assert loaded is not None
    assert loaded["step"] == 1


def test_killed_between_the_two_renamings(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "abc")
    checkpoint.save({"step": 1})
    checkpoint.newest.replace(checkpoint.previous)
    assert (checkpoint.load() or {})["step"] == 1


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "abc")
    checkpoint.newest.write_bytes(b"nonsense")
    with (
        pytest.warns(UserWarning, match="cannot be read"),
        pytest.raises(CheckpointError, match="delete that folder"),
    ):
        checkpoint.load()


def test_another_run_and_another_format_are_refused(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "abc").save({"step": 1})
    with pytest.raises(CheckpointError, match=r"fingerprint .* is abc, this run's xyz"):
        Checkpoint(tmp_path, "xyz").load()
    torch.save({"step": 1}, tmp_path / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="no checkpoint of format 1"):
        Checkpoint(tmp_path, "abc").load()


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"format": 1, "code": Path("x")}, tmp_path / "checkpoint.pt")
    with pytest.warns(UserWarning, match="cannot be read"), pytest.raises(CheckpointError):
        Checkpoint(tmp_path, "abc").load()


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
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


def test_two_equal_runs_may_share_a_folder(tmp_path: Path) -> None:
    def save_often() -> None:
        for step in range(20):
            Checkpoint(tmp_path, "abc").save({"step": step})

    processes = [multiprocessing.get_context("fork").Process(target=save_often) for _ in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert (Checkpoint(tmp_path, "abc").load() or {})["step"] == 19
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "checkpoint.previous.pt"}

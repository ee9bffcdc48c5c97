"""Checkpoints: what was written comes back, what is damaged or foreign is refused."""

import multiprocessing
import resource
import warnings
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
import torch

from dirac.model_files import CheckpointError
from dirac.training.checkpoint import Checkpoint


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


def test_a_newest_with_other_bytes_gives_way_or_is_told(tmp_path: Path) -> None:
    checkpoint, steps = Checkpoint(tmp_path, "abc"), []
    checkpoint.save({"step": 1})
    checkpoint.save({"step": 2})
    whole = checkpoint.newest.read_bytes()
    for seed in range(20):
        content, random = bytearray(whole), Random(seed)
        for _ in range(8):
            content[random.randrange(len(content))] = random.randrange(256)
        checkpoint.newest.write_bytes(content)
        with warnings.catch_warnings(action="ignore"), suppress(CheckpointError):
            steps.append((checkpoint.load() or {})["step"])
    assert 1 in steps
    assert set(steps) <= {1, 2}


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
    Checkpoint(tmp_path, "abc", {"train": {"n_steps": 5, "seed": 1}}).save({"step": 1})
    with pytest.raises(CheckpointError, match=r"run: train\.n_steps is 5 there, 7 here\. Delete"):
        Checkpoint(tmp_path, "xyz", {"train": {"n_steps": 7, "seed": 1}}).load()
    with pytest.raises(CheckpointError, match="of the same params, but other data or other code"):
        Checkpoint(tmp_path, "xyz", {"train": {"n_steps": 5, "seed": 1}}).load()
    foreign = {"fingerprint": "xyz", "params": [1], "format": 1}
    for content in ({"step": 1}, {"format": 1}, {"format": 1, "fingerprint": "abc"}, foreign, [1]):
        torch.save(content, tmp_path / "checkpoint.pt")
        with pytest.raises(CheckpointError, match="no checkpoint of format 1"):
            Checkpoint(tmp_path, "abc").load()


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"format": 1, "code": Path("x")}, tmp_path / "checkpoint.pt")
    with pytest.warns(UserWarning, match="cannot be read"), pytest.raises(CheckpointError):
        Checkpoint(tmp_path, "abc").load()


def test_a_disk_that_fills_up_is_told_and_keeps_what_was_there(tmp_path: Path) -> None:
    checkpoint, told = Checkpoint(tmp_path, "abc"), tmp_path / "told"
    checkpoint.save({"step": 1})

    def fill_up() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        with pytest.raises(
            CheckpointError, match=r"File too large.*: mend that and start"
        ) as failure:
            checkpoint.save({"step": 2, "weights": torch.zeros(10, 10_000)})
        told.write_text(str(failure.value))

    process = multiprocessing.get_context("fork").Process(target=fill_up)
    process.start()
    process.join()
    assert str(checkpoint.newest) in told.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "told"]
    assert (checkpoint.load() or {})["step"] == 1


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

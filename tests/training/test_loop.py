"""The loop: a killed training is the unbroken one to the bit, two processes are one."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dirac.model_files import CheckpointError
from dirac.training.batches import Key
from dirac.training.checkpoint import Checkpoint
from dirac.training.loop import Run, Trained, train, validate
from dirac.training.tracking import NullTracker
from dirac.training.trainer import TrainingError

from . import tiny_training
from .tiny_training import ALONE, SETTINGS, Autoencoder, Waves, signal_at, small_run

SEED = int(os.environ.get("DIRAC_SEED", "0"))


class Dying(Waves):
    """Fails when an example has been asked for the n-th time."""

    def __init__(self, length: int, n_reads: int) -> None:
        super().__init__(length)
        self.n_reads = n_reads

    def __getitem__(self, key: Key) -> Tensor:
        self.n_reads -= 1
        if self.n_reads < 0:
            raise KeyboardInterrupt
        return super().__getitem__(key)


class Diary(NullTracker):
    def __init__(self) -> None:
        self.steps: list[int] = []
        self.n_flushes = 0

    def log(self, step: int, metrics: object) -> None:
        self.steps.append(step)

    def flush(self) -> None:
        self.n_flushes += 1


def assert_same(one: Trained, other: Trained) -> None:
    assert one.history == other.history
    assert one.validation == other.validation
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[name]), name


def test_it_learns_and_keeps_its_books(tmp_path: Path) -> None:
    trained = small_run(tmp_path, replace(SETTINGS, n_steps=203), noise=0.0)
    assert [row["step"] for row in trained.history] == [*range(5, 201, 5), 203]
    assert [row["step"] for row in trained.validation] == [*range(10, 201, 10), 203]
    assert list(trained.history[0]) == ["step", "loss", "first", "gradient_norm", "learning_rate"]
    assert trained.history[-1]["learning_rate"] == pytest.approx(0.001, rel=0.01)
    assert trained.validation[-1]["loss"] < 0.7 * trained.validation[0]["loss"]
    assert not trained.model.training


@pytest.mark.parametrize("n_reads", [8 * 3 + 2, 8 * 12 + 2, 8 * 22])
def test_broken_off_and_resumed_is_unbroken(tmp_path: Path, n_reads: int) -> None:
    whole = small_run(tmp_path / "whole", dropout=0.3)
    often = replace(SETTINGS, checkpoint_every_seconds=0.0)  # the cadence must change nothing
    with pytest.raises(KeyboardInterrupt):
        small_run(tmp_path / "broken", often, Dying(21, n_reads), dropout=0.3)
    assert (Checkpoint(tmp_path / "broken", "tiny").load() or {})["step"] == n_reads // 8
    assert_same(small_run(tmp_path / "broken", dropout=0.3), whole)


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    whole = small_run(tmp_path)
    assert_same(small_run(tmp_path, dataset=Dying(21, 0)), whole)


def test_killed_and_resumed_is_unbroken(tmp_path: Path) -> None:
    whole = small_run(tmp_path / "whole", replace(SETTINGS, n_steps=60))
    killed = Checkpoint(tmp_path / "killed", "tiny")
    process = start(tmp_path / "killed", batch_size=8, pause=0.006)
    wait_for(killed.previous, process)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert 0 < (killed.load() or {})["step"] < 60
    assert_same(small_run(tmp_path / "killed", replace(SETTINGS, n_steps=60)), whole)


def test_sigterm_saves_the_step_and_leaves_with_143(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left:
        small_run(tmp_path / "stopped", hook=signal_at(10))
    assert left.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert (Checkpoint(tmp_path / "stopped", "tiny").load() or {})["step"] == 10
    assert_same(small_run(tmp_path / "stopped"), small_run(tmp_path / "whole"))


def test_sigterm_while_the_end_is_saved_is_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Checkpoint.save

    def killed(self: Checkpoint, state: dict[str, Any]) -> None:
        save(self, state)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", killed)
        with pytest.raises(SystemExit) as left:
            small_run(tmp_path / "stopped")
    assert left.value.code == 143
    assert_same(small_run(tmp_path / "stopped"), small_run(tmp_path / "whole"))


def test_tracking_is_flushed_when_the_state_is_saved(tmp_path: Path) -> None:
    diary = Diary()
    run = Run(ALONE, Checkpoint(tmp_path, "tiny"), diary)
    settings = replace(SETTINGS, checkpoint_every_seconds=0.0)
    train(Autoencoder(0.3), Waves(21), Waves(11), settings, run)
    assert sorted(diary.steps) == [5, 10, 10, 15, 20, 20, 23, 23]
    assert diary.n_flushes >= 23


def test_a_loss_that_explodes_is_divergence(tmp_path: Path) -> None:
    class Loud(Waves):
        def __getitem__(self, key: Key) -> Tensor:
            return super().__getitem__(key) * (50 if key[0] == 20 else 1)

    small_run(tmp_path)
    with pytest.raises(TrainingError, match=r"diverged at step \d+ \(loss .*\(20, 0\."):
        small_run(tmp_path, replace(SETTINGS, n_steps=40), Loud(21))
    assert (Checkpoint(tmp_path, "tiny").load() or {})["step"] == 23


def test_divergence_names_step_and_examples_and_keeps_the_checkpoint(tmp_path: Path) -> None:
    class Broken(Waves):
        def __getitem__(self, key: Key) -> Tensor:
            return super().__getitem__(key) * (float("nan") if key[0] == 20 else 1)

    checkpoint = Checkpoint(tmp_path, "tiny")
    # 21 examples in batches of 8: the broken one comes in step 0, 1 or 2
    with pytest.raises(TrainingError, match=r"diverged at step [012] .*\(20, 0\.") as failure:
        small_run(tmp_path, dataset=Broken(21))
    assert checkpoint.load() is None
    step = int(str(failure.value).split()[4])
    if step:
        often = replace(SETTINGS, checkpoint_every_seconds=0.0)
        with pytest.raises(TrainingError):
            small_run(tmp_path, often, Broken(21))
        assert (checkpoint.load() or {})["step"] == step


def test_validation_is_always_the_same_and_over_every_example() -> None:
    model = Autoencoder(0.3).eval()
    first = validate(model, Waves(11), SETTINGS, ALONE)
    torch.randn(5)
    assert validate(model, Waves(11), SETTINGS, ALONE) == first
    plain = Autoencoder(0.0).eval()
    by_batches = validate(plain, Waves(11), SETTINGS, ALONE)["loss"]
    at_once = validate(plain, Waves(11), replace(SETTINGS, batch_size=11), ALONE)["loss"]
    assert by_batches == pytest.approx(at_once, rel=1e-6)


def test_refuses_empty_data_and_another_runs_checkpoint(tmp_path: Path) -> None:
    run = Run(ALONE, Checkpoint(tmp_path, "tiny"), NullTracker())
    with pytest.raises(ValueError, match="validation set is empty"):
        train(Autoencoder(0.0), Waves(3), Waves(0), SETTINGS, run)
    Checkpoint(tmp_path, "other").save({"step": 1})
    with pytest.raises(CheckpointError, match="belongs to another run"):
        small_run(tmp_path)


@pytest.mark.parametrize("n_workers", [2])
def test_workers_change_nothing(tmp_path: Path, n_workers: int) -> None:
    alone = small_run(tmp_path / "alone")
    assert_same(small_run(tmp_path / "helped", replace(SETTINGS, n_workers=n_workers)), alone)


@pytest.mark.parametrize(
    ("n_processes", "batch_size", "number", "draw"),
    [
        (2, 8, signal.SIGKILL, 0),
        (3, 10, signal.SIGTERM, 0),
        *(pytest.param(2, 8, signal.SIGKILL, n, marks=pytest.mark.nightly) for n in range(1, 9)),
    ],
)
def test_many_processes_are_one(
    tmp_path: Path, n_processes: int, batch_size: int, number: int, draw: int
) -> None:
    """Many until one of them, whichever, is killed, then one, against one: to 1e-5.

    Ten examples are shared by three as 4, 3 and 3. Each draw is another process's turn.
    """
    random = np.random.default_rng((SEED, n_processes, draw))
    rank, n_steps = (SEED + 1 + draw) % n_processes, int(random.integers(1, 60))
    share = len(range(rank, batch_size, n_processes))
    n_reads = n_steps * share + int(random.integers(1, share + 1))
    settings = replace(SETTINGS, n_steps=60, batch_size=batch_size)
    one = small_run(tmp_path / "one", settings)
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    stopped = {"batch_size": batch_size, "rank": rank, "n_reads": n_reads, "number": number}
    assert start(tmp_path / "many", *launcher, **stopped).wait() != 0
    last = n_steps + (number == signal.SIGTERM)  # who is asked to stop ends the step and saves
    assert (Checkpoint(tmp_path / "many", "tiny").load() or {})["step"] == last
    many = small_run(tmp_path / "many", settings)
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(many.model.state_dict()[name], value, atol=1e-5, rtol=0)
    tables = ((many.history, one.history), (many.validation, one.validation))
    for row, expected in (pair for table in tables for pair in zip(*table, strict=True)):
        assert row == pytest.approx(expected, abs=1e-5)


def start(
    folder: Path,
    *launcher: str,
    batch_size: int,
    pause: float = 0.0,
    rank: int = 0,
    n_reads: int = 0,
    number: int = 15,
) -> "subprocess.Popen[bytes]":
    arguments = map(str, (folder, batch_size, pause, rank, n_reads, number))
    command = [sys.executable, *launcher, tiny_training.__file__, *arguments]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, "the training ended by itself"
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)

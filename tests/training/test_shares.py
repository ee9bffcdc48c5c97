"""One training by 1, 2 and 4 processes, which share the batches of each step."""

import multiprocessing
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import distributed

from .tiny_training import SETTINGS, small_run

# Ten examples are shared by two as 5 and 5, by four as 3, 3, 2 and 2.
SHARED = replace(SETTINGS, n_steps=60, batch_size=10)


def share(folder: Path, rank: int, n_processes: int, port: int) -> None:
    """What a process that torchrun starts does."""
    place = {"RANK": rank, "WORLD_SIZE": n_processes, "MASTER_PORT": port}
    place |= {"LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": n_processes}
    os.environ.update({name: str(number) for name, number in place.items()})
    os.environ["MASTER_ADDR"] = "localhost"
    with distributed() as processes:
        small_run(folder, SHARED, processes=processes)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


def test_any_number_of_processes_trains_alike(tmp_path: Path) -> None:
    """60 steps: weights to 1e-5, and so losses; what docs/scale.md says."""
    started = multiprocessing.get_context("forkserver")  # torch is imported once
    started.set_forkserver_preload(["dirac.training.loop", "torch.distributed"])
    working = []
    for n_processes in (2, 4):
        port = free_port()
        for rank in range(n_processes):
            words = (tmp_path / str(n_processes), rank, n_processes, port)
            working.append(started.Process(target=share, args=words))
            working[-1].start()
    one = small_run(tmp_path / "1", SHARED)
    for process in working:
        process.join(120)
        assert process.exitcode == 0
    for n_processes in (2, 4):
        state = Checkpoint(tmp_path / str(n_processes), "tiny").load() or {}
        assert state["step"] == 60
        for name, value in one.model.state_dict().items():
            torch.testing.assert_close(state["average"][name], value, atol=1e-5, rtol=0)
        for table in ("history", "validation"):
            for row, expected in zip(state[table], getattr(one, table), strict=True):
                assert row == pytest.approx(expected, abs=1e-5)

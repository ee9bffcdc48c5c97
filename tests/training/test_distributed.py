"""One process that talks to nobody; several are tested with the loop."""

import os

import pytest
import torch
import torch.distributed as dist

from dirac.training.distributed import Processes, choose_device, distributed, share_cores


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch):
    before = torch.get_num_threads()
    yield monkeypatch
    torch.set_num_threads(before)


def test_alone_without_torchrun(threads: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
        threads.delenv(name, raising=False)
    with distributed() as processes:
        assert (processes.rank, processes.world_size, processes.is_main) == (0, 1, True)
        assert not dist.is_initialized()
        assert processes.highest(7) == 7
        assert processes.from_main({"a": 1}) == {"a": 1}
        assert processes.mean(torch.tensor([1.0, 3.0])).tolist() == [1.0, 3.0]
        model = torch.nn.Linear(1, 1)
        assert processes.wrap(model) is model
        processes.wait()


def test_only_rank_0_is_main() -> None:
    assert not Processes(1, 2, torch.device("cpu")).is_main


def test_cores_are_shared_unless_the_user_chose(threads: pytest.MonkeyPatch) -> None:
    threads.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    threads.delenv("OMP_NUM_THREADS", raising=False)
    share_cores(2)
    assert torch.get_num_threads() == 4
    share_cores(100)
    assert torch.get_num_threads() == 1
    threads.setenv("OMP_NUM_THREADS", "1")  # by torchrun
    share_cores(4)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    share_cores(1)  # by the user: torchrun leaves one process alone
    assert torch.get_num_threads() == 1
    threads.setenv("OMP_NUM_THREADS", "3")
    share_cores(4)
    assert torch.get_num_threads() == 1


def test_too_many_processes_for_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device(1) == torch.device("cuda", 1)
    with pytest.raises(ValueError, match=r"there are 2\. Start at most 2"):
        choose_device(2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(2) == torch.device("cpu")

"""One process or many: what torchrun says, and the few things the processes tell each other.

Everything here works without torchrun as well, as one process that talks to nobody.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")
PATIENCE = timedelta(hours=2)  # with the main process, which may prepare data for all of them


class DeviceError(ValueError):
    """More processes than there are GPUs for."""


@dataclass(frozen=True)
class Processes:
    """Where this process stands among those that train together."""

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """True in the one process that writes files, tracks and shows progress."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model whose backward averages the gradients over the processes."""
        if self.world_size == 1:
            return model
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=devices)

    def highest(self, number: int) -> int:
        """The highest of the numbers that the processes hold."""
        if self.world_size == 1:
            return number
        # On the CPU, so that a GPU is never waited for.
        highest = torch.tensor(number)
        dist.all_reduce(highest, op=dist.ReduceOp.MAX)
        return int(highest)

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Sum over the processes, elementwise; on the CPU, in float64."""
        values = values.detach().to("cpu", torch.float64)
        if self.world_size > 1:
            dist.all_reduce(values)
        return values

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Mean over the processes, elementwise; on the CPU, in float64."""
        return self.total(values) / self.world_size

    def from_main(self, value: T) -> T:
        """What the main process holds (any object that can be pickled); others' is ignored."""
        if self.world_size == 1:
            return value
        shared = [value]
        dist.broadcast_object_list(shared, src=0)
        return shared[0]

    def wait(self) -> None:
        """Returns when every process has come here."""
        self.highest(0)


@contextmanager
def distributed() -> Iterator[Processes]:
    """The processes that torchrun started (RANK, WORLD_SIZE, LOCAL_RANK), or this one alone.

    gloo on CPU; on GPUs nccl for what lies there and gloo for the rest. Every process takes the GPU
    of its local rank. Raises DeviceError if there are more processes on a machine than GPUs.
    """
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    local_size = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    device = choose_device(int(os.environ.get("LOCAL_RANK", "0")))
    if device.type == "cuda":
        torch.cuda.set_device(device)
    else:
        share_cores(local_size)
    if world_size > 1:
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
    try:
        yield Processes(int(os.environ.get("RANK", "0")), world_size, device)
    finally:
        if world_size > 1:
            dist.destroy_process_group()


def choose_device(local_rank: int) -> torch.device:
    """The GPU of this process, or the CPU where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    n_devices = torch.cuda.device_count()
    if local_rank >= n_devices:
        raise DeviceError(
            f"process {local_rank} of this machine has no GPU of its own: there are {n_devices}. "
            f"Start at most {n_devices} (--nproc-per-node, or NPROC for `dvc repro`), or set "
            "CUDA_VISIBLE_DEVICES='' to train on the CPU"
        )
    return torch.device("cuda", local_rank)


def share_cores(n_local_processes: int) -> None:
    """Gives this process its share of the cores as torch threads, unless the user has chosen.

    torchrun sets OMP_NUM_THREADS=1 by itself where it starts several processes: then half of the
    machine would idle, so 1 is no choice there.
    """
    chosen = os.environ.get("OMP_NUM_THREADS")
    if chosen is None or (chosen == "1" and n_local_processes > 1):
        n_cores = len(os.sched_getaffinity(0))
        torch.set_num_threads(max(1, n_cores // n_local_processes))

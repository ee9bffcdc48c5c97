"""Jobs that are shared by processes, of one thread of a CPU each or of one GPU each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Any

import torch
from tqdm import tqdm

from dirac.command import end_with_parent

Job = tuple[Callable[..., Any], tuple[Any, ...]]
N_TURNS = 4  # of each process, where jobs take networks to a GPU


class Pool:
    """Runs jobs in spawned processes, one for each of `devices`, or right here if that is one.

    What jobs give back is lost: they leave files. Where processes have GPUs, a job must bring its
    networks along as `dirac.devices.Parcel` does; a few jobs travel together then, and a network
    that they share once.
    """

    def __init__(self, devices: Sequence[torch.device]) -> None:
        self.devices = devices
        # Spawned, not forked: a fork of a process in which torch has run threads may hang.
        context = get_context("spawn")
        free: SimpleQueue[torch.device] = context.SimpleQueue()
        for device in devices:
            free.put(device)
        self.executor = (
            ProcessPoolExecutor(len(devices), context, _begin_process, (free,))
            if len(devices) > 1
            else None
        )

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)

    def run(self, label: str, jobs: Sequence[Job]) -> None:
        """Run all; the first error of a job is raised here."""
        with tqdm(None, label, len(jobs)) as progress:
            if self.executor is None:
                for job in jobs:
                    progress.update(_run([job]))
                return
            futures = [self.executor.submit(_run, turn) for turn in self.turns(jobs)]
            for future in as_completed(futures):
                progress.update(future.result())

    def turns(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        """Jobs that travel together: one alone on CPUs, on GPUs `N_TURNS` of each process."""
        nturns = N_TURNS * len(self.devices) if self.devices[0].type == "cuda" else len(jobs)
        size = max(1, -(-len(jobs) // max(1, nturns)))
        return (jobs[start : start + size] for start in range(0, len(jobs), size))


def _run(jobs: Sequence[Job]) -> int:
    """-> their number."""
    for function, arguments in jobs:
        function(*arguments)
    return len(jobs)


def _begin_process(free: "SimpleQueue[torch.device]") -> None:
    """One thread and one device a process, and no process outlives a parent that was killed."""
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
    if (device := free.get()).type == "cuda":
        torch.cuda.set_device(device)
    end_with_parent()

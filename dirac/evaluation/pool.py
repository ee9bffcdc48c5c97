"""Jobs that are shared by processes, of one thread of a CPU each or of one GPU each."""

import pickle
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache, partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from dirac.command import end_after

Job = tuple[Callable[..., Any], tuple[Any, ...]]


class PoolError(RuntimeError):
    """A process ended in the midst of its work; the message says what to do."""


class Pool:
    """Runs jobs in spawned processes, one for each of `devices`, or right here if that is one.

    What jobs give back is lost: they leave files, each whole or not there, as an error or a signal
    ends the processes at once. Where these have GPUs, a job must bring its networks along as
    `dirac.devices.Parcel` does.
    """

    def __init__(self, devices: Sequence[torch.device]) -> None:
        self.executor: ProcessPoolExecutor | None = None
        if len(devices) == 1:
            return
        # Spawned, not forked: a fork of a process in which torch has run threads may hang.
        context = get_context("spawn")
        free: SimpleQueue[torch.device] = context.SimpleQueue()
        for device in devices:
            free.put(device)
        closing, self._open = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(len(devices), context, _begin_process, (free, closing))

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.executor is not None:
            if kind is not None:
                self._open.close()  # which ends the processes
            self.executor.shutdown(cancel_futures=True)

    def run(self, label: str, jobs: Sequence[Job]) -> None:
        """Run all; the first error of a job is raised here."""
        if self.executor is None:
            for function, arguments in tqdm(jobs, label):
                function(*arguments)
            return
        with tempfile.TemporaryDirectory() as folder:
            # Networks that jobs share are written once and read once by each process. Handed over
            # job by job, torch would have each of their tensors take an open file of the few that
            # a process may have.
            written = Path(folder, "jobs")
            written.write_bytes(pickle.dumps(jobs))
            futures = [self.executor.submit(_run, written, number) for number in range(len(jobs))]
            try:
                for future in tqdm(as_completed(futures), label, total=len(futures)):
                    future.result()
            except BrokenProcessPool as error:
                raise PoolError(
                    f"a process was killed while {label}, perhaps for want of memory: the same "
                    "command goes on, with less of it where evaluate.n_processes is lower"
                ) from error


def _run(written: Path, number: int) -> None:
    function, arguments = _jobs_in(written)[number]
    function(*arguments)


@lru_cache(maxsize=1)
def _jobs_in(written: Path) -> Sequence[Job]:
    jobs: Sequence[Job] = pickle.loads(written.read_bytes())
    return jobs


def _begin_process(free: "SimpleQueue[torch.device]", closing: "Connection[Any, Any]") -> None:
    """One thread and one device a process; it ends when the other end of a pipe is closed, which

    a parent that is killed does too.
    """
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
    if (device := free.get()).type == "cuda":
        torch.cuda.set_device(device)
    end_after(partial(closing.poll, None))

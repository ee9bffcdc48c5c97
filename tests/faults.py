"""Stages that fail: run in miniature, in a process that is killed or refused the disk.

Processes are forked from one that has imported all that is heavy: a run costs its work alone.
"""

import errno
import multiprocessing
import os
import resource
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from dirac.training import tracking_store

from . import disks

ROOT = Path(__file__).parents[1]
PIPELINE: dict[str, Any] = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
HEAVY = [
    "matplotlib.pyplot",
    "mlflow.store.tracking.sqlalchemy_store",
    "pandas",
    "scipy.signal",
    "sklearn.decomposition",
    "torch._dynamo",
    "torchaudio",
]
WRITES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "sqlite3.connect"}
PATIENCE = 900  # seconds after which a stage hangs, on a machine however busy


@dataclass(frozen=True)
class Fault:
    """What befalls a run, at its n-th change of files or after some seconds."""

    kind: str  # kill, terminate, full, small, untracked, read-only, or none
    operation: int = 0
    target: str = ""  # of its operations, to count renamings to this name alone
    seconds: float = 0.0
    n_bytes: int = 0
    disk: int = 0  # a process that has mounted one, `disks.Disk`

    def prepare(self) -> None:
        """In the process that will fail."""
        if self.disk:
            disks.enter(self.disk)
        if self.kind == "small":  # a disk that has room for files up to this size
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.n_bytes, resource.RLIM_INFINITY))
        if self.kind == "untracked":
            os.environ["MLFLOW_TRACKING_URI"] = "sqlite:////proc/no/such/folder/mlflow.db"
        if self.kind == "read-only":  # to root as well, who may write to any file
            os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///file:mlflow.db?mode=ro&uri=true"

    def counts(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Whether an event of the interpreter is one of its operations."""
        if self.target:
            return event == "os.rename" and Path(arguments[1]).name == self.target
        opened = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        return event in WRITES or bool(opened)

    def strike(self) -> None:
        """When its operation is due."""
        if self.kind == "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.kind == "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.kind == "kill":
            os.killpg(0, signal.SIGKILL)


NO_FAULT = Fault("none")


def outputs(stage: str) -> list[str]:
    listed = PIPELINE[stage].get("outs", []) + PIPELINE[stage].get("metrics", [])
    return [path if isinstance(path, str) else next(iter(path)) for path in listed]


@dataclass(frozen=True)
class Result:
    status: int  # as of a process: negative for a signal
    log: str
    n_operations: int  # that change files
    seconds: float


class Project:
    """A folder with params.yaml and the outputs of some stages, in which stages run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(HEAVY)
        tracking_store.configure()  # as every stage does before it imports MLflow

    def run(self, stage: str, fault: Fault) -> Result:
        count = self.folder / "count"
        log, writing = self.context.Pipe(duplex=False)  # a file would be one that a disk refuses
        process = self.context.Process(target=_run, args=(self.folder, stage, fault, writing))
        begin = time.monotonic()
        process.start()
        writing.close()
        told: list[bytes] = []
        listener = threading.Thread(target=lambda: told.extend(_read(log)), daemon=True)
        listener.start()
        if fault.seconds:
            process.join(fault.seconds)
            if process.exitcode is None and fault.kind == "terminate":
                os.kill(process.pid or 0, signal.SIGTERM)
            else:
                _kill_group(process)
        process.join(PATIENCE)
        status, seconds = process.exitcode, time.monotonic() - begin
        listener.join(PATIENCE)
        text = b"".join(told).decode()
        assert status is not None, f"{stage} hangs after {fault}\n{text}"
        assert not listener.is_alive(), f"{stage} leaves a process after {fault}\n{text}"
        return Result(status, text, int(count.read_text()) if status == 0 else 0, seconds)

    def launch(self, stage: str, n_processes: int) -> "subprocess.Popen[bytes]":
        """The stage as its line in dvc.yaml has it, shared by several processes."""
        folders = {"DVC_ROOT": str(self.folder), "PYTHONPATH": str(ROOT)}
        environment = os.environ | folders | {"NPROC": str(n_processes)}
        script = f"stages/{stage}.py"
        words = [str(ROOT / word) if word == script else word for word in _words(stage)]
        command = [sys.executable, *words[1:]]
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, stderr=subprocess.DEVNULL
        )

    def before(self, stage: str, folder: Path) -> "Project":
        """A copy of the project in which this stage and those after it have not run."""
        folder.mkdir()
        for name in ("params.yaml", "docs"):
            (folder / name).symlink_to(self.folder / name)
        if (self.folder / "mlflow.db").exists():
            shutil.copy(self.folder / "mlflow.db", folder)
        for earlier in PIPELINE:
            if earlier == stage:
                break
            for output in outputs(earlier):
                (folder / output).parent.mkdir(parents=True, exist_ok=True)
                (folder / output).symlink_to(self.folder / output)
        return Project(folder)

    def contents(self, stage: str) -> dict[str, bytes]:
        """What there is of a stage's outputs, file by file."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for output in outputs(stage)
            for path in sorted([self.folder / output, *(self.folder / output).rglob("*")])
            if path.is_file()
        }

    def checkpoints(self) -> Iterator[dict[str, Any]]:
        """All states of unfinished trainings; a warning for one that is damaged is an error."""
        from dirac.training.checkpoint import Checkpoint

        for path in self.folder.glob(".scratch/*/checkpoint*.pt"):
            whole = Checkpoint(path.parent, _fingerprint(path))
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                yield whole.load() or {}


def _fingerprint(path: Path) -> str:
    import torch

    return str(torch.load(path, weights_only=True)["fingerprint"])


def _words(stage: str) -> list[str]:
    return shlex.split(PIPELINE[stage]["cmd"])


def kill_rank(launched: "subprocess.Popen[bytes]", rank: int) -> None:
    """One of the processes that share a stage; those that load its data have its rank too."""
    children = psutil.Process(launched.pid).children(recursive=True)
    of_rank = [child for child in children if child.environ().get("RANK") == str(rank)]
    min(of_rank, key=psutil.Process.create_time).kill()


def _kill_group(process: BaseProcess) -> None:
    """As soon as it has a group of its own, which on a busy machine takes a moment."""
    while process.is_alive():
        try:
            os.killpg(process.pid or 0, signal.SIGKILL)
        except ProcessLookupError:
            time.sleep(0.01)
        else:
            break


def _read(log: Connection) -> Iterator[bytes]:
    """All that is written into a pipe, until nobody is left who could."""
    while piece := os.read(log.fileno(), 65536):
        yield piece
    log.close()


def _run(folder: Path, stage: str, fault: Fault, log: Connection) -> None:
    """The process: a stage as its line in dvc.yaml has it, but for torchrun."""
    os.setsid()
    fault.prepare()
    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(folder)
    for stream in (1, 2):
        os.dup2(log.fileno(), stream)
    log.close()
    words = _words(stage)
    script = f"stages/{stage}.py"
    sys.argv = words[words.index(script) :]
    n_operations = 0

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal n_operations
        if fault.counts(event, arguments):
            n_operations += 1
            if n_operations == fault.operation:
                fault.strike()

    sys.addaudithook(note)
    try:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    except SystemExit:
        raise
    except BaseException:
        sys.excepthook(*sys.exc_info())  # that of the stage
        raise SystemExit(1) from None
    Path("count").write_text(str(n_operations))

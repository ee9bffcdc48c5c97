"""Runs the pipeline's stages in a folder of their own, and keeps the time that a training took."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from study_files import digest, read_json, write_json

import dirac
from dirac.params import Params
from dirac.scratch import fingerprint
from dirac.training.provenance import revision

Training = dict[str, Any]  # as in training.json: what was trained, how long, by which code

BEAT_SECONDS = 10.0  # between two notes of the time: what a power cut can lose of it


def train(folder: Path, params: Params, latents: Path, n_threads: int) -> Training:
    """Trains the decomposition, or goes on, or finds that it is there already.

    seconds and cpu_seconds are those of all attempts together, from the start of the process to
    its end: what a killed one lost is counted.
    """
    note = folder / "training.json"
    code = fingerprint({}, [])
    used = params.model_dump(mode="json", include={"seed", "model", "train"})
    wanted = {"params": digest([used, str(latents)]), "n_threads": n_threads}
    training: Training = read_json(note, {})
    same = all(training.get(key) == value for key, value in wanted.items())
    if same and training["finished"]:
        return training
    for scores in folder.glob("scores-*.json"):
        scores.unlink()  # those of another model
    if not same or training["versions"]["code"] != code:  # the stage begins anew as well
        training = {**wanted, "seconds": 0.0, "cpu_seconds": 0.0, "n_attempts": 0}
    training["versions"] = {"torch": torch.__version__, "revision": revision(), "code": code}
    training |= {"finished": False, "n_attempts": training["n_attempts"] + 1}
    write_json(note, training)
    names = ("train", "validation")
    arguments = [x for name in names for x in (f"--{name}", str(latents / f"{name}.lmdb"))]
    before = (training["seconds"], training["cpu_seconds"])

    def keep(seconds: float, cpu_seconds: float) -> None:
        training["seconds"], training["cpu_seconds"] = before[0] + seconds, before[1] + cpu_seconds
        write_json(note, training)

    arguments += ["--output", str(folder / "models" / "decomposition")]
    run_stage("train_decomposition", arguments, folder, n_threads, keep)
    training["finished"] = True
    write_json(note, training)
    return training


def run_stage(
    name: str,
    arguments: Sequence[str],
    folder: Path,
    n_threads: int,
    keep: Callable[[float, float], None] = lambda *_: None,
) -> None:
    """Runs stages/NAME.py in `folder`; keep: told its wall and CPU seconds, now and then.

    Raises SystemExit if it fails; what it printed stands in folder/NAME.log.
    """
    script = Path(dirac.__file__).parents[1] / "stages" / f"{name}.py"
    log = folder / f"{name}.log"
    start, cpu_before = time.monotonic(), _cpu_of_children()
    with log.open("a") as file:
        command = [sys.executable, str(script), *arguments]
        with _process(command, folder, n_threads, file.fileno()) as process:
            while process.poll() is None:
                keep(time.monotonic() - start, _cpu_of(process.pid))
                _wait(process)
    keep(time.monotonic() - start, _cpu_of_children() - cpu_before)
    if process.returncode != 0:
        tail = "\n".join(log.read_text().splitlines()[-20:])
        raise SystemExit(f"{tail}\nerror: {name} failed, see {log}")


@contextmanager
def _process(
    command: Sequence[str], folder: Path, n_threads: int, log: int
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which ends with this one: else the next study would wait for it."""
    # The stage's scratch folder and MLflow's local records lie in its folder.
    kept = {name: x for name, x in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
    kept |= {"DVC_ROOT": str(folder), "OMP_NUM_THREADS": str(n_threads)}
    kept |= {"MKL_NUM_THREADS": str(n_threads), "PYTHONPATH": str(Path(dirac.__file__).parents[1])}
    ends_with_parent = partial(ctypes.CDLL(None).prctl, 1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=kept,
        stdout=log,
        stderr=log,
        preexec_fn=ends_with_parent if sys.platform == "linux" else None,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(BEAT_SECONDS)
    except subprocess.TimeoutExpired:
        return


def _cpu_of_children() -> float:
    """CPU seconds of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _cpu_of(pid: int) -> float:
    """CPU seconds of a process at work; 0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

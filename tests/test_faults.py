"""Nothing lost: every stage is killed, or refused the disk, and the same command ends the same.

`pytest -m nightly tests/test_faults.py` does it a hundred times; DIRAC_SEED chooses other moments.
"""

import os
import re
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from dirac.settings import apply

from .disks import disk as small_disk
from .faults import NO_FAULT, PIPELINE, ROOT, Fault, Project, Result, kill_rank

SEED = int(os.environ.get("DIRAC_SEED", "0"))
KINDS = ("kill", "kill", "terminate", "full", "small")
LARGE = 2**28  # bytes of a disk, enough for any stage
N_DRAWS = 10  # of a fault, each of an earlier moment, until one strikes
# What multiprocessing prints of a process that is only just begun when its parent leaves.
ORPHAN = re.compile(r"Traceback .*\n(?: .*\n)+EOFError: Ran out of input\n")
FEW = [
    ("download", "kill"),
    ("cache_latents", "full"),
    ("cache_latents", "small"),
    ("train_decomposition", "kill"),
    ("train_decomposition", "full"),
    ("train_prior", "small"),
    ("train_prior", "terminate"),
    ("train_latent_diffusion", "resumed"),
    ("evaluate", "kill"),
    ("render_report", "small"),
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Result]]:
    """The pipeline run without a fault, and how its stages went."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (folder / "docs").symlink_to(ROOT / "docs")
    apply("tiny", folder / "params.yaml", ROOT / "settings.yaml")
    text = (folder / "params.yaml").read_text()
    text = text.replace("duration_seconds: 12.0", "duration_seconds: 8.0")
    text = re.sub("checkpoint_every_seconds: [0-9.]+", "checkpoint_every_seconds: 0.001", text)
    (folder / "params.yaml").write_text(text)
    project = Project(folder)
    results = {stage: project.run(stage, NO_FAULT) for stage in PIPELINE}
    for stage, result in results.items():
        assert result.status == 0, f"{stage}\n{result.log}"
    return project, results


@pytest.mark.parametrize(
    "n_faults",
    [len(FEW), pytest.param(100, marks=[pytest.mark.nightly, pytest.mark.timeout(7200)])],
)
def test_after_any_fault_the_same_command_ends_the_same(
    whole: tuple[Project, dict[str, Result]], tmp_path: Path, n_faults: int
) -> None:
    project, results = whole
    random = np.random.default_rng((SEED, n_faults))
    told: Counter[str] = Counter()
    n_struck = n_states = 0
    faults = FEW if n_faults == len(FEW) else draw_faults(random, n_faults)
    for stage in PIPELINE:
        expected = project.contents(stage)
        broken = project.before(stage, tmp_path / stage)
        for kind in [kind for place, kind in faults if place == stage]:
            for draw in range(N_DRAWS):
                fault = draw_fault(random, kind, results[stage], 0.5**draw)
                result = broken.run(stage, fault)
                told[f"{kind} {'by' if fault.operation else 'at'}: {result.status}"] += 1
                check(stage, fault, result)
                assert broken.contents(stage).items() <= expected.items(), f"{stage}: partial files"
                steps = [state["step"] for state in broken.checkpoints()]
                assert all(step > 0 for step in steps)
                n_states += len(steps)
                if result.status != 0:
                    n_struck += 1
                    break
        result = broken.run(stage, NO_FAULT)
        assert result.status == 0, f"{stage}\n{result.log}"
        assert broken.contents(stage) == expected, stage
        assert not list(broken.folder.glob(".scratch/*")), f"{stage} leaves something behind"
    assert n_struck >= n_faults, f"too few struck: {told}"
    assert n_states > 0, "no training went on from a checkpoint"


@pytest.mark.parametrize("stage", ["cache_latents", "train_prior"])
def test_on_a_disk_that_fills_up_it_ends_the_same_once_there_is_room(
    whole: tuple[Project, dict[str, Result]], tmp_path: Path, stage: str
) -> None:
    project, _ = whole
    expected = project.contents(stage)
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(tmp_path, LARGE))
        except OSError as error:
            pytest.skip(f"no disk of its own: {error}")
        broken = project.before(stage, disk.path / stage)
        share = np.random.default_rng((SEED, len(stage))).uniform(0.1, 0.9)
        disk.resize(disk.n_used_bytes + round(share * sum(map(len, expected.values()))))
        fault = Fault("disk", disk=disk.process.pid)
        result = broken.run(stage, fault)
        assert result.status == 1, f"{stage}\n{result.log}"
        check(stage, fault, result)
        assert broken.contents(stage).items() <= expected.items(), f"{stage}: partial files"
        disk.resize(LARGE)
        result = broken.run(stage, replace(NO_FAULT, disk=disk.process.pid))
        assert result.status == 0, f"{stage}\n{result.log}"
        assert broken.contents(stage) == expected
        assert not list(broken.folder.glob(".scratch/*"))


@pytest.mark.nightly
def test_a_training_of_which_one_process_is_killed_ends_the_same(
    whole: tuple[Project, dict[str, Result]], tmp_path: Path
) -> None:
    project, _ = whole
    unbroken = project.before("train_prior", tmp_path / "unbroken")
    assert unbroken.launch("train_prior", n_processes=2).wait() == 0
    for rank in range(2):
        broken = project.before("train_prior", tmp_path / str(rank))
        launched = broken.launch("train_prior", n_processes=2)
        while launched.poll() is None and not list(broken.folder.glob(".scratch/*/checkpoint.pt")):
            time.sleep(0.005)
        kill_rank(launched, rank)
        assert launched.wait() != 0
        assert not broken.contents("train_prior")
        assert broken.launch("train_prior", n_processes=2).wait() == 0
        assert broken.contents("train_prior") == unbroken.contents("train_prior")
        assert not list(broken.folder.glob(".scratch/*"))


def draw_faults(random: np.random.Generator, n_faults: int) -> list[tuple[str, str]]:
    """As many for each stage: its name and their kinds.

    Any disk has room for what train_codec writes, where the codec has no weights.
    """
    stages = [stage for stage, _ in zip(cycle(PIPELINE), range(n_faults), strict=False)]
    kinds = {stage: KINDS[:-1] if stage == "train_codec" else KINDS for stage in PIPELINE}
    return [(stage, str(random.choice(kinds[stage]))) for stage in stages]


def draw_fault(random: np.random.Generator, kind: str, unbroken: Result, share: float) -> Fault:
    """share: of the unbroken run, and of the room on a small disk, in which it may strike."""
    if kind == "resumed":  # the checkpoint before is there, and the newest is not yet
        return Fault("kill", operation=2, target="checkpoint.pt")
    if kind == "small":
        return Fault(kind, n_bytes=round(10 ** random.uniform(2, 2 + 4.5 * share)))
    if kind == "full" or random.random() < 0.5:
        last = max(5, round(share * unbroken.n_operations))  # the first may be of the tracking
        return Fault(kind, operation=int(random.integers(1, last + 1)))
    return Fault(kind, seconds=random.uniform(0.1, max(0.1, share * unbroken.seconds)))


def check(stage: str, fault: Fault, result: Result) -> None:
    """A signal ends it; a refusing disk is said in one sentence, or was not needed."""
    allowed = {"kill": {0, -9}, "terminate": {0, 143, -15}}.get(fault.kind, {0, 1})
    assert result.status in allowed, f"{stage}, {fault}: {result.status}\n{result.log}"
    if fault.kind in ("full", "small", "disk"):
        assert "Traceback" not in ORPHAN.sub("", result.log), f"{stage}, {fault}\n{result.log}"
        assert result.status == 0 or "error: " in result.log, f"{stage}, {fault}\n{result.log}"


def test_a_tracking_store_out_of_reach_changes_no_result(
    whole: tuple[Project, dict[str, Result]], tmp_path: Path
) -> None:
    project, _ = whole
    trials = (
        ("cache_latents", "untracked", "No such file or directory"),
        ("train_prior", "read-only", "attempt to write a readonly database"),
    )
    for stage, kind, reason in trials:
        untracked = project.before(stage, tmp_path / stage)
        result = untracked.run(stage, Fault(kind))
        assert result.status == 0, result.log
        assert re.search(f"MLflow is out of reach, going on untracked: .*{reason}", result.log)
        assert untracked.contents(stage) == project.contents(stage)

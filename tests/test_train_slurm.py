"""scripts/train.slurm with commands of SLURM that only say what they were told."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/train.slurm"
RUNNING = "   JobState=RUNNING Reason=None\n   PreemptEligibleTime=2026-01-01T00:00:00 PreemptTime="
# srun ends as $ENDS says, or on TERM with 1, as torchrun does; scancel sends that to it.
COMMANDS = {
    "srun": """
        trap 'exit 1' TERM
        echo $$ > step; mv step step.pid
        echo "srun $*" >> told
        [ -n "$ENDS" ] && exit "$ENDS"
        while :; do sleep 0.05; done
    """,
    "scancel": """
        echo "scancel $*" >> told
        kill "$(cat step.pid)"
        exit "$SCANCEL_ENDS"
    """,
    "scontrol": """
        echo "scontrol $*" >> told
        case $1-$2 in
            show-hostnames) printf 'node7\\nnode8\\n' ;;
            show-job) echo "$JOB" ;;
        esac
    """,
}


class Job:
    """The script at work in a folder of its own."""

    def __init__(self, folder: Path, ends: str, state: str, scancel_ends: int = 0) -> None:
        self.folder = folder
        commands = folder / "commands"
        commands.mkdir()
        for name, lines in COMMANDS.items():
            (commands / name).write_text(f"#!/bin/bash\n{lines}")
            (commands / name).chmod(0o755)
        told = {
            "PATH": f"{commands}:{os.environ['PATH']}",
            "SLURM_JOB_ID": "123",
            "SLURM_JOB_NODELIST": "node[7-8]",
            "SLURM_NNODES": "2",
            "SLURM_CPUS_PER_TASK": "64",
            "ENDS": ends,
            "JOB": state,
            "SCANCEL_ENDS": str(scancel_ends),
        }
        self.process = subprocess.Popen(["bash", str(SCRIPT), "stage.py"], cwd=folder, env=told)

    def started(self) -> "Job":
        """Once the step runs."""
        deadline = time.monotonic() + 20
        while not (self.folder / "step.pid").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.2)  # until the script waits for it
        return self

    def ended(self) -> tuple[int, bool]:
        """Its exit status, and whether it was queued again."""
        status = self.process.wait(20)
        return status, "scontrol requeue 123" in self.told()

    def told(self) -> list[str]:
        return (self.folder / "told").read_text().splitlines()


@pytest.mark.parametrize("status", [0, 1])
def test_a_training_that_ends_by_itself_is_not_queued_again(tmp_path: Path, status: int) -> None:
    job = Job(tmp_path, str(status), f"{RUNNING}None")
    assert job.ended() == (status, False)
    started = next(words for words in job.told() if words.startswith("srun"))
    assert "--cpus-per-task=64 torchrun --nnodes=2" in started
    assert started.endswith("--rdzv-endpoint=node7:20123 stage.py")


@pytest.mark.parametrize("scancel_ends", [0, 1], ids=["scancel", "scancel fails"])
def test_before_its_time_ends_a_training_leaves_and_is_queued_again(
    tmp_path: Path, scancel_ends: int
) -> None:
    job = Job(tmp_path, "", f"{RUNNING}None", scancel_ends).started()
    job.process.send_signal(signal.SIGUSR1)
    assert job.ended() == (0, True)
    assert "scancel --signal=TERM 123.0" in job.told()


@pytest.mark.parametrize(
    ("state", "is_queued"),
    [
        (f"{RUNNING}2026-01-01T00:00:00", True),
        ("   JobState=PREEMPTED Reason=None", True),
        ("   JobState=CANCELLED Reason=None", False),
    ],
    ids=["in its grace time", "preempted", "cancelled"],
)
@pytest.mark.parametrize("is_told", [True, False], ids=["script and step", "step alone"])
def test_what_is_preempted_is_queued_again(
    tmp_path: Path, state: str, is_queued: bool, is_told: bool
) -> None:
    job = Job(tmp_path, "", state).started()
    if is_told:
        job.process.send_signal(signal.SIGTERM)
    else:
        os.kill(int((tmp_path / "step.pid").read_text()), signal.SIGTERM)
    assert job.ended() == (0 if is_queued else 1, is_queued)

"""What is printed may be read by a program that does not want all of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def test_a_reader_that_leaves_is_no_error() -> None:
    command = [sys.executable, "-m", "dirac", "settings"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()  # as `| head -0`
        _, errors = process.communicate()
    assert errors == b""
    assert process.returncode == 141  # as of a program that SIGPIPE has ended


@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_is_closed_is_no_error(songs: list[str], closed: int) -> None:
    arguments = ["separate", "a.wav", "-o", "out", "--model", "shelf/drums-bass"]
    done = subprocess.run(
        [sys.executable, "-m", "dirac", *arguments],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.close(closed),  # as `>&-` and `2>&-`
    )
    assert (done.returncode, done.stderr) == (0, "")
    written = {1: "", 2: "out/a/drums.flac\nout/a/bass.flac\n"}
    assert done.stdout == written[closed]

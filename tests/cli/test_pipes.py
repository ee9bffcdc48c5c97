"""What is printed may be read by a program that does not want all of it."""

import subprocess
import sys
from pathlib import Path

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

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = [path for path in BENCHMARKS.glob("*.py") if "\ndef main(" in path.read_text()]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_help_shows_what_a_benchmark_says_of_itself_and_runs_nothing(program: Path) -> None:
    done = subprocess.run(
        [sys.executable, program, "--help"], capture_output=True, text=True, check=True
    )
    said = program.read_text().split('"""')[1].rstrip()
    assert done.stdout.startswith(f"usage: {program.name}")
    assert said in done.stdout

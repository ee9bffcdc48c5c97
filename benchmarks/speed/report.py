"""The page of a finished run: rendered once more, elsewhere."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measure import Row, interleaved
from ruamel.yaml import YAML
from setting import PROJECT, Size


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Pages a second, the start of Python among it; nothing where no pipeline has been run.

    Floor: Python alone with what it imports.
    """
    if not (PROJECT / "reports" / "listening").exists():
        print("report: no finished run to render; `dvc repro` makes one", file=sys.stderr)
        return
    stage = YAML(typ="safe").load(PROJECT / "dvc.yaml")["stages"]["render_report"]
    _, *arguments = stage["cmd"].split()
    arguments[arguments.index("--output") + 1] = str(folder / "index.html")
    call = partial(subprocess.run, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    works = {
        "page": partial(call, [sys.executable, *arguments]),
        "imports": partial(call, [sys.executable, "-c", "import dirac.reporting.page"]),
    }
    timings = interleaved(works, max(1, size.n_repeats // 2))
    floor = timings["imports"].wall
    yield Row("report", "rendered", 1, "pages/s", timings["page"], "imports", floor)

"""How fast everything is, each rate beside its floor.

    python benchmarks/speed                          # all themes: a table, and speed.json
    python benchmarks/speed training separation      # some of them
    python benchmarks/speed --tiny                   # only to see that it runs

On a GPU, if there is one, else on a CPU with as many threads as OMP_NUM_THREADS says.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import codecs_speed
import evaluation
import reading
import report
import separation
import torch
import training
from measure import Row, table
from setting import FULL, ON_GPU, TINY

THEMES = {
    "codecs": codecs_speed,
    "reading": reading,
    "training": training,
    "separation": separation,
    "evaluation": evaluation,
    "report": report,
}
PACKAGES = ("torch", "numpy", "scipy", "lmdb", "encodec", "museval")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("themes", nargs="*", metavar="THEME", help=f"of {', '.join(THEMES)}")
    parser.add_argument("--output", type=Path, default=Path("speed.json"))
    parser.add_argument(
        "--bfloat16", action="store_true", help="training in it too, on a CPU that has it"
    )
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.themes) - set(THEMES):
        parser.error(f"there is no theme {', '.join(sorted(unknown))}: take {', '.join(THEMES)}")
    size = TINY if chosen.tiny else ON_GPU if torch.cuda.is_available() else FULL
    size = replace(size, bfloat16=chosen.bfloat16)
    rows: list[Row] = []
    for name in chosen.themes or THEMES:
        with tempfile.TemporaryDirectory() as folder:
            for row in THEMES[name].measure(size, Path(folder)):
                rows.append(row)
                print(row.theme, row.name, f"{row.rate:.3g} {row.unit}", file=sys.stderr)
    print(table(rows))
    result = {"machine": machine(), "rows": [row.as_json() for row in rows]}
    chosen.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """What was measured on, in words that name no particular machine."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    versions = {package: version(package) for package in PACKAGES}
    return {
        "gpu": gpu,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **versions,
    }


if __name__ == "__main__":
    main()

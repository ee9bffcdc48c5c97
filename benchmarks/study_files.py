"""What a study keeps: the params of its runs, its list of runs, and the table of it."""

import hashlib
import json
import math
import os
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from dirac.params import Params, load_params
from dirac.settings import apply

Entry = Mapping[str, Any]  # a run of the study

COLUMNS = ("seeds", "mean", "worst", "best", "baseline", "margin", "oracle", "distance", "mask")


def digest(value: object) -> str:
    """Hex digest of anything JSON takes."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def make_params(folder: Path, setting: str, seed: int) -> Params:
    """Writes folder/params.yaml: the project's with the settings, joined by +, and the seed.

    Raises SettingsError for unknown settings, ParamsError for impossible values.
    """
    written = Path(shutil.copy("params.yaml", folder))
    for name in setting.split("+"):
        if name != "default":
            apply(name, written)
    own: dict[str, object] = {"seed": seed}
    params = load_params(written)
    named = {"codec.weights": params.codec.weights, "train.start": params.train.start}
    # Stages run in `folder`, not here.
    own |= {key: str(path.expanduser().resolve()) for key, path in named.items() if path}
    write_json(folder / "run.json", {"run": own})
    apply("run", written, folder / "run.json")
    return load_params(written)


def read_json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text()) if path.exists() else default


def write_json(path: Path, value: object) -> None:
    """All of the file or, killed meanwhile, none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n")
    beside.replace(path)


def record(output: Path, entry: Entry) -> None:
    """Adds a run to the list in `output`, in place of one of the same setting and seed.

    Of several studies at once each waits for the other, so that no run is lost.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with locked(output):
        runs = read_json(output, [])
        names = [(run["setting"], run["seed"]) for run in runs]
        name = (entry["setting"], entry["seed"])
        if name in names:
            runs[names.index(name)] = entry
        else:
            runs.append(entry)
        write_json(output, runs)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with a file; no lock is left beside it."""
    with FileLock(path.with_name(f".{path.name}.lock")) as lock:
        try:
            yield
        finally:
            Path(lock.lock_file).unlink()  # held: who waits for it sees that it is gone


def table(runs: Sequence[Entry]) -> str:
    """A line for each setting: SI-SDR in dB over its seeds, beside the best blind baseline and

    the oracle at the same resolution, refined alike, with the mean's distance to both; and the
    plain mask of that oracle, nan where an older run has none.
    """
    groups: dict[str, list[Entry]] = {}
    for run in runs:
        groups.setdefault(run["setting"], []).append(run)
    width = max(map(len, groups), default=0)
    lines = [" " * width + "".join(f"{column:>10}" for column in COLUMNS) + "  best baseline"]
    for setting, found in groups.items():
        values, best = summarize(found)
        cells = f"{len(found):10}" + "".join(f"{value:10.2f}" for value in values)
        lines.append(f"{setting:{width}}{cells}  {best}")
    return "\n".join(lines)


def summarize(runs: Sequence[Entry]) -> tuple[tuple[float, ...], str]:
    """The values of `COLUMNS` but the number of seeds, and the name of the best baseline."""
    scores = [run["si_sdr"]["mean"] for run in runs]
    mean = statistics.fmean(scores)
    baselines = {
        name: statistics.fmean(run["baselines"][name] for run in runs)
        for name in runs[0]["baselines"]
    }
    best = max(baselines, key=lambda name: baselines[name])
    oracle = statistics.fmean(run["oracle"] for run in runs)
    mask = statistics.fmean(run.get("oracle_mask", math.nan) for run in runs)
    bounds = (baselines[best], mean - baselines[best], oracle, oracle - mean, mask)
    return (mean, min(scores), max(scores), *bounds), best

"""The files a report is made of, read with one clear error where something is amiss."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class ReportError(ValueError):
    """A file that the page needs is missing or cannot be understood."""


@dataclass(frozen=True)
class ReportFiles:
    """Where the stages left their outputs; `prior`, `study` and histories may be missing."""

    scores_table: Path  # csv: excerpt, method, assignment, source, si_sdr, ...
    metrics: Path  # json
    listening: Path  # folder with index.json
    decomposition: Path  # model folder: card.json, and perhaps history.csv, validation.csv
    prior: Path  # the same
    captured: Path  # json: what each part captured
    study: Path | None  # json: runs of several seeds


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReportError(
            f"{path} is missing, and the report needs it: run `make repro` first."
        ) from error


def read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ReportError(f"{path} is not JSON ({error}): delete it and run again.") from error


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a csv file that has at least these columns."""
    rows = list(csv.DictReader(read_text(path).splitlines()))
    missing = sorted(set(columns) - set(rows[0] if rows else ()))
    if missing:
        raise ReportError(f"{path} has no rows with {', '.join(missing)}: delete it and run again.")
    return rows


def finite(text: str | float | None) -> float | None:
    """A number, or None where there is none: empty, not a number, infinite."""
    value = math.nan if text in ("", None) else float(text)
    return value if math.isfinite(value) else None


def read_losses(path: Path) -> list[tuple[float, float]]:
    """(step, loss) pairs of history.csv or validation.csv, those that a logarithm can show."""
    pairs = (
        (finite(row["step"]), finite(row["loss"])) for row in read_rows(path, ("step", "loss"))
    )
    return [
        (step, loss) for step, loss in pairs if step is not None and loss is not None and loss > 0
    ]

"""Which excerpt the README's picture shows."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def script(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("docs/picture")


def row(name: str, si_sdr: float | None) -> dict[str, Any]:
    scores = None if si_sdr is None else {"si_sdr": si_sdr}
    parts = [
        {"label": f"{part}, refined", "file": name, "scores": scores} for part in ("drums", "bass")
    ]
    return {"clips": [{"label": "mixture", "file": name, "scores": None}, *parts]}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"sections": [{"id": "excerpts", "rows": rows}]}))
    return path


def test_the_scored_excerpt_in_the_middle_is_shown(script: ModuleType, tmp_path: Path) -> None:
    rows = [row("good", 9.0), row("unscored", None), row("bad", 1.0), row("middle", 5.0)]
    path = write(tmp_path / "index.json", *rows)
    assert script.find_clips(path)["mixture"] == "middle"


def test_without_a_run_or_scores_there_is_one_line(script: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    with pytest.raises(SystemExit, match=r"index\.json is missing: run `dvc repro`"):
        script.find_clips(path)
    with pytest.raises(SystemExit, match="no excerpt with scores of drums, refined and bass, ref"):
        script.find_clips(write(path, row("unscored", None)))

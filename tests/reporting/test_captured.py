import json
from pathlib import Path

import pytest

from dirac.reporting.captured import curve, read_captured
from dirac.reporting.inputs import ReportError


def test_levels_become_a_curve_from_left_to_right_and_from_the_floor_up() -> None:
    assert curve([-90.0, -30.0, 0.0]) == "M0.00 100.00L50.00 50.00L100.00 0.00"


def test_figures_stand_in_the_order_of_the_sources(tmp_path: Path) -> None:
    path = tmp_path / "captured.json"
    part = {"share": {"b": 0.126, "a": None}, "si_sdr": {"b": -3.0, "a": None}, "spectrum": [0.0]}
    path.write_text(json.dumps({"bands": [31.0], "parts": [part], "sources": {"a": [0], "b": [0]}}))
    found = read_captured(path)
    assert found.sources == ["a", "b"]
    assert found.parts[0].figures == [("–", "–"), ("13 %", "−3.0")]
    assert found.marks == []


def test_what_is_something_else_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "captured.json"
    for text in ('{"parts": []}', "[]"):
        path.write_text(text)
        with pytest.raises(ReportError, match=r"captured\.json lacks .*: run the evaluate"):
            read_captured(path)

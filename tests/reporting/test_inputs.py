from pathlib import Path

import pytest

from dirac.reporting.inputs import ReportError, finite, read_json, read_losses, read_rows


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ReportError, match=r"metrics\.json is missing"):
        read_json(tmp_path / "metrics.json")
    with pytest.raises(ReportError, match=r"broken\.json is not JSON"):
        read_json(broken)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("excerpt,method\nx,y\n")
    assert read_rows(table, ("method",)) == [{"excerpt": "x", "method": "y"}]
    with pytest.raises(ReportError, match=r"table\.csv has no rows with sar, sdr"):
        read_rows(table, ("sdr", "sar", "method"))


def test_only_real_numbers_count() -> None:
    assert finite("-1.5") == -1.5
    assert [finite(value) for value in (None, "", "nan", "inf", float("-inf"))] == [None] * 5


def test_losses_that_no_logarithm_has_are_left_out(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text("step,loss,rate\n1,0.5,1\n2,nan,1\n3,0,1\n4,0.25,1\n")
    assert read_losses(history) == [(1, 0.5), (4, 0.25)]

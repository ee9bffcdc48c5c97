import pytest

from dirac.reporting import tables
from dirac.reporting.charts import decibels


def scores(**levels: float | None) -> dict[str, dict[str, dict[str, float | None]]]:
    return {name: {"si_sdr": {"mean": level, "drums": level}} for name, level in levels.items()}


def test_sources_leave_out_the_mean() -> None:
    assert tables.sources_of(scores(refined=1.0)) == ["drums"]
    assert tables.sources_of({}) == []


def test_rows_stand_in_a_fixed_order_and_unknown_methods_last() -> None:
    metrics = {"separation": scores(zeta=1.0, oracle=9.0, mixture=0.0, refined=5.0)}
    labels = [row.label for row in tables.score_rows(metrics, "mean")]
    assert labels == ["DIRAC, refined", "Mixture itself", "Oracle mask", "zeta"]


def test_the_best_is_marked_but_never_an_upper_bound() -> None:
    metrics = {"separation": scores(refined=5.04, nmf=4.96, mixture=0.0, oracle=9.0)}
    cells = {row.label: row.cells[0] for row in tables.score_rows(metrics, "drums")}
    assert [label for label, cell in cells.items() if cell.best] == ["DIRAC, refined", "NMF"]
    assert cells["Oracle mask"].text == "9.0"


def test_what_was_not_measured_is_a_dash() -> None:
    metrics = {"separation": scores(refined=-1.25, nmf=None, mixture=float("nan"))}
    rows = tables.score_rows(metrics, "mean")
    assert [row.cells[0].text for row in rows] == ["−1.2", "–", "–"]
    assert len(rows[0].cells) == 12
    assert {cell.text for cell in rows[0].cells[1:]} == {"–"}


def test_box_plots_take_the_fixed_assignment_only() -> None:
    def row(method: str, assignment: str, value: str) -> dict[str, str]:
        measures = dict.fromkeys(tables.BOX_MEASURES, value)
        return {"method": method, "assignment": assignment, "source": "drums", **measures}

    rows = [
        *(row("refined", "fixed", value) for value in ("1", "2", "3", "nan")),
        row("refined", "best", "50"),
        row("oracle", "fixed", ""),
    ]
    measures = tables.box_plots([*rows, row("decoded", "fixed", "-30")], ["drums"], {"decoded"})
    assert [measure for measure, _ in measures] == ["SI-SDR", "SDR", "SIR", "SAR"]
    (plot,) = measures[0][1]
    assert [box.text for box in plot.boxes] == [
        "DIRAC, refined: median 2.0 dB, quartiles 1.5 to 2.5",
        "Oracle mask: no score",
    ]
    (of_sdr,) = measures[1][1]
    assert of_sdr.boxes[1].text == "DIRAC, as decoded: median −30.0 dB, quartiles −30.0 to −30.0"
    assert (plot.zero, of_sdr.zero) == (pytest.approx(2.8, abs=0.1), pytest.approx(88.5, abs=0.1))


def test_zero_has_no_sign() -> None:
    assert [decibels(value) for value in (-0.04, 0.0, -0.06, None)] == [
        "0.0",
        "0.0",
        "−0.1",
        "–",
    ]


def test_what_takes_nothing_apart_is_never_the_best() -> None:
    measured = {"mixture": 100.0, "untrained": 23.0, "refined": 9.5, "nmf": 9.0, "oracle": 15.0}
    separation = {name: {"sar": {"mean": value}} for name, value in measured.items()}
    rows = tables.score_rows({"separation": separation}, "mean")
    best = [row.label for row in rows if any(cell.best for cell in row.cells)]
    assert best == ["DIRAC, refined"]


def test_what_has_an_invented_phase_has_no_bar() -> None:
    levels = scores(refined=1.0, decoded=-9.0, regressed=-8.5, codec=-8.0, oracle=9.0)
    found = tables.mean_bars(levels, tables.out_of_phase("spectrogram"))
    assert [bar.label for bar in found] == ["DIRAC, refined", "Oracle mask"]
    assert len(tables.mean_bars(levels, tables.out_of_phase("encodec_mini"))) == 5


def test_counts_that_are_alike_are_one_number() -> None:
    assert tables.of_methods({"nmf": 2, "hpss": 0}) == "NMF 2"
    assert tables.of_methods({"nmf": 2, "hpss": 2}) == "2 of each"
    assert tables.of_methods({"nmf": 0, "hpss": 0}) == ""

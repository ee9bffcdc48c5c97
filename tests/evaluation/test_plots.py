from pathlib import Path

import numpy as np

from dirac.evaluation.plots import draw_boxes, flatten
from dirac.evaluation.summary import METRICS, Row, summarise

GENERATOR = np.random.default_rng(0)
ROWS: list[Row] = [
    {"excerpt": f"e{i}", "method": method, "assignment": "fixed", "source": source}
    | {metric: float(GENERATOR.normal()) for metric in METRICS}
    for i in range(12)
    for method in ("refined", "hpss")
    for source in ("drums", "bass")
]


def test_boxes_are_drawn_the_same_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "plots" / "a.png", tmp_path / "plots" / "b.png"
    for path in (first, second):
        draw_boxes(ROWS, "si_sdr", "fixed", ["refined", "hpss", "absent"], path)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[:4] == b"\x89PNG"


def test_no_scores_make_an_empty_plot(tmp_path: Path) -> None:
    unscored = [{**row, "sdr": None} for row in ROWS]
    draw_boxes(unscored, "sdr", "fixed", ["refined"], tmp_path / "empty.png")
    assert (tmp_path / "empty.png").exists()


def test_a_summary_becomes_rows_of_means() -> None:
    rows = flatten(summarise(ROWS, "fixed"), "fixed")
    assert [(row["method"], row["source"]) for row in rows] == [
        (method, source) for method in ("refined", "hpss") for source in ("mean", "drums", "bass")
    ]
    drums = [row["si_sdr"] for row in ROWS if row["method"] == "hpss" and row["source"] == "drums"]
    assert rows[4]["si_sdr"] == round(float(np.mean(drums)), 5)

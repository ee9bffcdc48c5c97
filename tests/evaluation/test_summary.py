import csv
from pathlib import Path
from typing import Any

from dirac.evaluation.summary import COLUMNS, count, summarise, tabulate, write_table


def target(name: str, si_sdr: float | None, sdr: list[float | None], **flags: bool) -> Any:
    metrics = ("SDR", "SIR", "ISR", "SAR")
    return {
        "name": name,
        "silent": False,
        "scored": si_sdr is not None,
        "missed": False,
        "si_sdr": si_sdr,
        "si_sdri": None if si_sdr is None else si_sdr + 1,
        "frames": [{"metrics": {} if x is None else dict.fromkeys(metrics, x)} for x in sdr],
        **flags,
    }


def document(excerpt: str, method: str, drums: Any, bass: Any) -> Any:
    best = [{**drums, "si_sdr": 50.0}, {**bass, "si_sdr": 50.0}]
    return {
        "excerpt": excerpt,
        "method": method,
        "targets": [drums, bass],
        "best": {"targets": best},
    }


DOCUMENTS = [
    document("a", "ours", target("drums", 1.0, [1.0, 9.0, 2.0]), target("bass", 4.0, [0.0])),
    document("b", "ours", target("drums", 3.0, [None, 3.0]), target("bass", 6.0, [None, 10.0])),
    document("c", "ours", target("drums", 8.0, [40.0]), target("bass", 8.0, [20.0], missed=True)),
    document("d", "ours", target("drums", None, []), target("bass", None, [], silent=True)),
]


def test_table_has_a_row_per_document_assignment_and_source(tmp_path: Path) -> None:
    rows = tabulate(DOCUMENTS)
    assert len(rows) == 16
    assert all(tuple(row) == COLUMNS for row in rows)
    assert rows[0]["sdr"] == 2.0  # median over frames
    assert rows[4]["sdr"] == 3.0  # of the frames that are defined
    write_table(rows, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open() as file:
        read = list(csv.DictReader(file))
    assert read[0]["si_sdr"] == "1.0"
    assert read[12] == dict.fromkeys(COLUMNS, "") | {
        "excerpt": "d",
        "method": "ours",
        "assignment": "fixed",
        "source": "drums",
    }


def test_si_sdr_is_a_mean_and_bss_eval_a_median_over_excerpts() -> None:
    ours = summarise(tabulate(DOCUMENTS), "fixed")["ours"]
    assert ours["si_sdr"] == {"mean": 5.0, "drums": 4.0, "bass": 6.0}
    assert ours["si_sdri"] == {"mean": 6.0, "drums": 5.0, "bass": 7.0}
    assert ours["sdr"] == {"mean": 6.5, "drums": 3.0, "bass": 10.0}
    assert summarise(tabulate(DOCUMENTS[:3]), "best")["ours"]["si_sdr"]["mean"] == 50.0


def test_without_any_score_figures_are_none() -> None:
    ours = summarise(tabulate(DOCUMENTS[3:]), "fixed")["ours"]
    assert ours["sdr"] == {"mean": None, "drums": None, "bass": None}


def test_what_was_not_scored_is_counted_once_per_excerpt() -> None:
    doubled = DOCUMENTS + [{**each, "method": "hpss"} for each in DOCUMENTS]
    assert count(doubled, ["drums", "bass"]) == {
        "n_excerpts": 4,
        "n_scored_excerpts": 3,
        "n_silent_references": {"drums": 0, "bass": 1},
        "n_missed_sources": {"ours": 1, "hpss": 1},
        "n_undefined_frames": {"ours": 1, "hpss": 1},
    }

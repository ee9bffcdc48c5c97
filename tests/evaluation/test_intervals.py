import numpy as np
import pytest

from dirac.evaluation.intervals import (
    Bootstrap,
    find_intervals,
    weighted_mean,
    weighted_median,
)
from dirac.evaluation.summary import METRICS, Row, summarise

BOOTSTRAP = Bootstrap(n_resamples=2000, level=0.95, seed=0)


def rows(values: dict[str, list[float | None]], method: str = "ours") -> list[Row]:
    """source -> a value for every excerpt e0, e1, ..., the same in every metric."""
    return [
        {"excerpt": f"e{i}", "method": method, "assignment": "fixed", "source": source}
        | dict.fromkeys(METRICS, value)
        for source, found in values.items()
        for i, value in enumerate(found)
    ]


def test_weights_count_as_copies() -> None:
    random = np.random.default_rng(0)
    values, weights = random.normal(size=7), random.integers(0, 4, size=(50, 7))
    copies = [np.repeat(values, row) for row in weights]
    found = weighted_median(values, weights.astype(float))
    np.testing.assert_allclose(found, [np.median(each) for each in copies])
    found = weighted_mean(values, weights.astype(float))
    np.testing.assert_allclose(found, [np.mean(each) for each in copies])


def test_nothing_drawn_is_no_figure() -> None:
    assert np.isnan(weighted_median(np.ones(2), np.zeros((1, 2)))).all()
    assert np.isnan(weighted_mean(np.ones(2), np.zeros((1, 2)))).all()


def test_of_many_songs_the_interval_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(1).normal(size=400).tolist()
    songs = {f"e{i}": f"s{i}" for i in range(400)}
    ours = find_intervals(rows({"drums": values}), songs, BOOTSTRAP, "fixed")["ours"]
    reach = 1.96 * np.std(values) / 20
    assert ours["si_sdr_low"]["drums"] == pytest.approx(np.mean(values) - reach, abs=0.01)
    assert ours["si_sdr_high"]["drums"] == pytest.approx(np.mean(values) + reach, abs=0.01)
    assert ours["si_sdr_low"]["mean"] == ours["si_sdr_low"]["drums"]


def test_excerpts_of_one_song_are_drawn_together() -> None:
    values = np.random.default_rng(2).normal(size=20).repeat(5).tolist()
    alone = {f"e{i}": f"s{i}" for i in range(100)}
    together = {f"e{i}": f"s{i // 5}" for i in range(100)}
    widths = [
        ours["si_sdr_high"]["drums"] - ours["si_sdr_low"]["drums"]
        for songs in (alone, together)
        for ours in [find_intervals(rows({"drums": values}), songs, BOOTSTRAP, "fixed")["ours"]]
    ]
    assert widths[1] == pytest.approx(5**0.5 * widths[0], rel=0.15)


def test_every_figure_of_the_summary_lies_in_its_interval() -> None:
    random = np.random.default_rng(3)
    table = rows({s: random.normal(size=30).tolist() for s in ("drums", "bass")})
    songs = {f"e{i}": f"s{i % 10}" for i in range(30)}
    figures = summarise(table, "fixed")["ours"]
    ours = find_intervals(table, songs, BOOTSTRAP, "fixed")["ours"]
    assert set(ours) == {f"{metric}_{end}" for metric in METRICS for end in ("low", "high")}
    for metric in METRICS:
        for source, value in figures[metric].items():
            assert ours[f"{metric}_low"][source] <= value <= ours[f"{metric}_high"][source]
    assert find_intervals(table, songs, BOOTSTRAP, "fixed")["ours"] == ours


def test_without_scores_or_with_one_song_there_is_no_interval() -> None:
    table = rows({"drums": [1.0, 2.0], "bass": [None, None]})
    two = find_intervals(table, {"e0": "a", "e1": "b"}, BOOTSTRAP, "fixed")["ours"]
    assert two["sdr_low"] == {"mean": 1.0, "drums": 1.0, "bass": None}
    one = find_intervals(table, {"e0": "a", "e1": "a"}, BOOTSTRAP, "fixed")["ours"]
    assert one["sdr_low"] == {"mean": None, "drums": None, "bass": None}

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dirac.evaluation.methods import Method, oracle_mask, separate_mixture
from dirac.evaluation.run import evaluate_separation, find_assignments, scores_path
from dirac.evaluation.scores import Document, Settings
from dirac.evaluation.signals import Signals
from dirac.separation.baselines.hpss import hpss
from dirac.separation.baselines.mixture import mixture_shares

SETTINGS = Settings(("drums", "bass"), 8000, window_seconds=1.0, hop_seconds=1.0, silence_db=-60.0)
EXCERPTS = ["song-0000.0", "song-0002.0"]
METHODS: dict[str, Method | None] = {
    "given": None,
    "mixture": partial(separate_mixture, partial(mixture_shares, n_parts=2)),
    "hpss": partial(separate_mixture, partial(hpss, n_fft=512, n_bins=9, n_frames=9, power=2.0)),
    "oracle": partial(oracle_mask, n_fft=512, power=2.0),
}


def write_signals(folder: Path) -> Signals:
    """Two excerpts; the method "given" has swapped the sources in the second."""
    signals = Signals(folder)
    for seed, excerpt in enumerate(EXCERPTS):
        generator = np.random.default_rng(seed)
        references = 0.1 * generator.standard_normal((2, 1, 16000))
        signals.save_references(excerpt, references)
        noisy = references + 0.1 * (1 + seed) * references[::-1]
        signals.save_parts("given", excerpt, noisy[:: 1 - 2 * seed])
    return signals


@pytest.fixture
def signals(tmp_path: Path) -> Signals:
    return write_signals(tmp_path)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Signals, list[Document]]:
    """By two processes; for reading only."""
    signals = write_signals(tmp_path_factory.mktemp("evaluated"))
    return signals, evaluate_separation(signals, EXCERPTS, METHODS, SETTINGS, n_processes=2)


def test_every_method_is_scored_on_every_excerpt_in_order(
    evaluated: tuple[Signals, list[Document]],
) -> None:
    signals, documents = evaluated
    assert [(d["method"], d["excerpt"]) for d in documents] == [
        (method, excerpt) for method in METHODS for excerpt in EXCERPTS
    ]
    mean = {
        method: np.mean(
            [t["si_sdr"] for d in documents for t in d["targets"] if d["method"] == method]
        )
        for method in METHODS
    }
    assert mean["oracle"] > mean["mixture"]
    assert find_assignments(signals, EXCERPTS, "given", SETTINGS) == (
        (0, 1),
        {EXCERPTS[0]: (0, 1), EXCERPTS[1]: (1, 0)},
    )


def test_one_assignment_serves_the_whole_set(evaluated: tuple[Signals, list[Document]]) -> None:
    own, swapped = [d for d in evaluated[1] if d["method"] == "given"]
    assert own["targets"] == own["best"]["targets"]
    for target, best in zip(swapped["targets"], swapped["best"]["targets"], strict=True):
        assert target["si_sdr"] < best["si_sdr"] - 20


def test_two_processes_give_the_bytes_of_one(
    signals: Signals, evaluated: tuple[Signals, list[Document]]
) -> None:
    evaluate_separation(signals, EXCERPTS, METHODS, SETTINGS, n_processes=1)
    for method in METHODS:
        for excerpt in EXCERPTS:
            by_two = scores_path(evaluated[0], method, excerpt).read_bytes()
            assert scores_path(signals, method, excerpt).read_bytes() == by_two


def fail(references: np.ndarray, sample_rate: int) -> np.ndarray:
    raise AssertionError("separated again")


def test_finished_work_is_not_done_again(signals: Signals) -> None:
    first = evaluate_separation(signals, EXCERPTS, METHODS, SETTINGS, n_processes=1)
    kept = scores_path(signals, "hpss", EXCERPTS[0])
    before = kept.stat().st_mtime_ns
    again: dict[str, Method | None] = dict.fromkeys(METHODS, fail)
    scores_path(signals, "oracle", EXCERPTS[1]).unlink()
    assert evaluate_separation(signals, EXCERPTS, again, SETTINGS, n_processes=1) == first
    assert kept.stat().st_mtime_ns == before


def test_a_failing_method_stops_the_run(signals: Signals) -> None:
    with pytest.raises(AssertionError, match="separated again"):
        evaluate_separation(signals, EXCERPTS, {"broken": fail}, SETTINGS, n_processes=1)

from pathlib import Path

import numpy as np
import pytest

from dirac.evaluation.captured import band_edges, band_powers, capture, explained
from dirac.evaluation.signals import Signals

RATE = 8000
TIME = np.arange(RATE) / RATE
LOW, HIGH = (np.sin(2 * np.pi * hertz * TIME)[None] for hertz in (110, 1760))


def test_shares_are_those_of_the_energies_of_what_was_added() -> None:
    noise = 0.5 * np.random.default_rng(0).standard_normal((1, RATE))
    noise -= sum((noise @ x.T) / (x @ x.T) * x for x in (LOW, HIGH))
    parts = np.stack([2 * LOW + HIGH, HIGH + noise, 0 * LOW])
    shares = explained(parts, np.stack([LOW, HIGH]))
    energy = np.square(noise).mean()
    expected = [[0.8, 0.2], [0.0, 0.5 / (0.5 + energy)], [0.0, 0.0]]
    np.testing.assert_allclose(shares, expected, atol=1e-3)


def test_a_tones_power_is_in_its_band() -> None:
    edges = band_edges(RATE)
    assert edges[0] == 31.25
    assert edges[-1] == pytest.approx(4000)
    (power,) = band_powers(LOW[None], RATE)
    assert edges[power.argmax()] <= 110 < edges[power.argmax() + 1]


def test_means_are_over_scored_excerpts_and_spectra_over_all(tmp_path: Path) -> None:
    signals = Signals(tmp_path)
    for excerpt, high in (("a", HIGH), ("b", 0 * HIGH)):
        references = 0.1 * np.stack([LOW, high])
        signals.save_references(excerpt, references)
        signals.save_parts("refined", excerpt, references[::-1])
    found = capture(signals, ["a", "b"], "refined", ("bass", "flute"), RATE, -60.0)
    first, second = found["parts"]
    assert first["share"] == {"bass": 0.0, "flute": pytest.approx(1.0)}
    assert second["share"] == {"bass": pytest.approx(1.0), "flute": 0.0}
    assert first["si_sdr"]["flute"] == 100.0
    assert first["spectrum"] == found["sources"]["flute"]
    assert len(first["spectrum"]) == len(found["bands"]) == 21
    assert max(found["sources"]["bass"]) == 0.0


def test_without_scored_excerpts_there_are_no_figures(tmp_path: Path) -> None:
    signals = Signals(tmp_path)
    signals.save_references("a", np.zeros((2, 1, RATE)))
    signals.save_parts("refined", "a", np.zeros((2, 1, RATE)))
    found = capture(signals, ["a"], "refined", ("bass", "flute"), RATE, -60.0)
    assert found["parts"][0]["si_sdr"] == {"bass": None, "flute": None}

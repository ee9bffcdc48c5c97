import itertools

import numpy as np
import pytest

from dirac.evaluation.assignment import (
    Assignment,
    apply_assignment,
    best_assignment,
    score_subsets,
)
from dirac.metrics.separation import si_sdr


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def brute_force(parts: np.ndarray, references: np.ndarray) -> tuple[float, Assignment]:
    """Best mean SI-SDR over all complete assignments, by summing waveforms."""
    n_sources = len(references)
    flat = references.reshape(n_sources, -1)
    scored = []
    for owners in itertools.product(range(n_sources), repeat=len(parts)):
        if set(owners) == set(range(n_sources)):
            sums = np.stack([parts[np.array(owners) == s].sum(0).ravel() for s in range(n_sources)])
            scored.append((float(si_sdr(sums, flat).mean()), owners))
    return max(scored)


def all_scored(references: np.ndarray) -> np.ndarray:
    return np.ones(len(references), dtype=bool)


@pytest.mark.parametrize(("n_parts", "n_sources"), [(2, 2), (3, 2), (5, 3), (4, 4)])
def test_the_best_is_that_of_brute_force_on_waveforms(n_parts: int, n_sources: int) -> None:
    references = noise(n_sources, 2, 400)
    parts = 0.8 * noise(n_parts, n_sources, seed=1) @ references.reshape(n_sources, -1)
    parts = parts.reshape(n_parts, 2, 400) + 0.3 * noise(n_parts, 2, 400, seed=2)
    table = score_subsets(parts, references, all_scored(references))
    assignment = best_assignment([table])
    expected, owners = brute_force(parts, references)
    assert assignment == owners
    estimates, missed = apply_assignment(assignment, parts, references)
    found = si_sdr(estimates.reshape(n_sources, -1), references.reshape(n_sources, -1))
    assert found.mean() == pytest.approx(expected)
    assert not missed.any()


def test_split_sources_are_put_together_again() -> None:
    references = noise(2, 1, 1000)
    halves = 0.5 * references[[0, 1, 0, 1]] + 1e-3 * noise(4, 1, 1000, seed=1)
    assert best_assignment([score_subsets(halves, references, all_scored(references))]) == (
        0,
        1,
        0,
        1,
    )


def test_one_assignment_for_the_set_follows_the_mean_not_the_majority() -> None:
    references = noise(2, 1, 1000)
    leak = references[::-1]
    slightly_swapped = references + 1.1 * leak
    clearly_straight = references + 0.01 * leak
    tables = [
        score_subsets(parts, references, all_scored(references))
        for parts in (slightly_swapped, slightly_swapped, clearly_straight)
    ]
    assert best_assignment(tables[:1]) == (1, 0)
    assert best_assignment(tables) == (0, 1)


def test_sources_that_are_not_scored_do_not_count() -> None:
    references = noise(3, 1, 1000)
    references[2] = 0.0
    scored = np.array([True, True, False])
    table = score_subsets(references[[2, 1, 0]], references, scored)
    assert np.isnan(table.si_sdr[:, 2]).all()
    assert best_assignment([table]) == (2, 1, 0)


def test_too_few_parts_leave_the_worst_source_with_the_mixture() -> None:
    references = noise(3, 1, 1000) * np.array([1.0, 2.0, 3.0])[:, None, None]
    parts = references[[2, 1]]
    table = score_subsets(parts, references, all_scored(references))
    assignment = best_assignment([table])
    assert assignment == (2, 1)
    estimates, missed = apply_assignment(assignment, parts, references)
    np.testing.assert_array_equal(missed, [True, False, False])
    np.testing.assert_allclose(estimates[0], references.sum(0) / 3)
    np.testing.assert_allclose(estimates[1:], references[1:])
    assert si_sdr(estimates[0], references[0])[0] == pytest.approx(table.mixture[0])


def test_a_silent_part_counts_as_missed() -> None:
    references = noise(2, 1, 1000)
    parts = np.stack([references.sum(0), np.zeros((1, 1000))])
    table = score_subsets(parts, references, all_scored(references))
    np.testing.assert_allclose(table.si_sdr[0b10], table.mixture)
    np.testing.assert_allclose(table.si_sdr[0b01], table.mixture)
    _, missed = apply_assignment((0, 1), parts, references)
    np.testing.assert_array_equal(missed, [False, True])


def test_eight_parts_onto_four_sources_is_searched_and_more_is_refused() -> None:
    references = noise(4, 1, 500)
    owners = (3, 1, 0, 2, 2, 1, 3, 0)
    parts = references[list(owners)] + 0.1 * noise(8, 1, 500, seed=1)
    assert best_assignment([score_subsets(parts, references, all_scored(references))]) == owners
    with pytest.raises(ValueError, match="too many"):
        best_assignment([score_subsets(noise(14, 1, 9), references[..., :9], np.ones(4, bool))])


def test_other_shapes_are_an_error() -> None:
    with pytest.raises(ValueError, match="differ"):
        score_subsets(noise(2, 1, 100), noise(2, 1, 99), np.ones(2, bool))

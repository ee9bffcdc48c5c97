"""The learning rate at the steps where it is known."""

from itertools import pairwise

import pytest

from dirac.training.schedules import warmup_cosine


def test_known_values() -> None:
    factors = [warmup_cosine(step, 110, 10, 0.1) for step in range(140)]
    assert factors[:10] == pytest.approx([(k + 1) / 10 for k in range(10)])
    assert factors[10] == 1
    assert factors[60] == pytest.approx(0.55)  # half way down, half of the way
    assert factors[110:] == pytest.approx([0.1] * 30)
    assert all(a >= b for a, b in pairwise(factors[10:]))


def test_no_warmup_and_nothing_but_warmup() -> None:
    assert warmup_cosine(0, 10, 0, 0.5) == 1
    assert warmup_cosine(9, 10, 10, 0.5) == 1
    assert warmup_cosine(10, 10, 10, 0.5) == 0.5

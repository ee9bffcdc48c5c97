"""The moving average against its closed form."""

import pytest
import torch
from torch import nn

from dirac.training.averaging import average_of, decay_at, update_average


def test_decay_grows_to_its_limit() -> None:
    assert decay_at(0, 0.999) == pytest.approx(0.1)
    assert decay_at(90, 0.999) == pytest.approx(0.91)
    assert decay_at(10**6, 0.999) == 0.999
    assert decay_at(5, 0.0) == 0.0


def test_geometric_approach_to_a_constant() -> None:
    model = nn.Linear(3, 2)
    average = average_of(model)
    start = average.weight.clone()
    with torch.no_grad():
        model.weight.fill_(1.0)
    for _ in range(7):
        update_average(average, model, 0.8)
    torch.testing.assert_close(average.weight, 1 + (start - 1) * 0.8**7)


def test_a_short_training_is_not_its_random_start() -> None:
    model = nn.Linear(1, 1)
    average = average_of(model)
    with torch.no_grad():
        average.weight.fill_(100.0)
        model.weight.fill_(1.0)
    for step in range(50):
        update_average(average, model, decay_at(step, 0.999))
    # the product of the decays, 50! 9! / 59!, is below 1e-9
    assert float(average.weight) == pytest.approx(1.0, abs=1e-5)


def test_buffers_are_copied_and_nothing_is_trained() -> None:
    model = nn.BatchNorm1d(2)
    average = average_of(model)
    model(torch.randn(8, 2))
    update_average(average, model, 0.9)
    assert torch.equal(average.running_mean, model.running_mean)
    assert int(average.num_batches_tracked) == 1
    assert not average.training
    assert not any(parameter.requires_grad for parameter in average.parameters())

"""Muon against its closed forms."""

import pytest
import torch
from torch import nn

from dirac.training.muon import LIKE_ADAM, Muon, orthogonal


def a_matrix(rows: int, columns: int) -> torch.Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_directions_stay_and_become_equally_strong(shape: tuple[int, int]) -> None:
    left, strengths, right = torch.linalg.svd(a_matrix(*shape), full_matrices=False)
    strengths = torch.linspace(1, 0.1, len(strengths))
    found = orthogonal(left @ torch.diag(strengths) @ right)
    inside = left.mT @ found @ right.mT
    assert inside.diagonal().min() > 0.6
    assert inside.diagonal().max() < 1.3
    assert (inside - torch.diag(inside.diagonal())).abs().max() < 1e-4
    assert torch.allclose(left @ inside @ right, found, atol=1e-4)


def test_the_size_of_a_gradient_changes_nothing_and_none_is_no_step() -> None:
    matrix = a_matrix(8, 24)
    assert torch.allclose(orthogonal(matrix), orthogonal(1e-6 * matrix), atol=1e-4)
    assert not orthogonal(torch.zeros(3, 5)).any()


def test_steps_by_hand() -> None:
    """A kernel is a matrix of (out, in times taps); a step looks ahead along the momentum."""
    kernel = nn.Parameter(torch.ones(4, 6, 3))
    optimiser = Muon([kernel], lr=0.1, weight_decay=0.5, momentum=0.75)
    first, second = a_matrix(4, 18), a_matrix(18, 4).mT
    # Momentum is first / 4, then 3/4 of that and second / 4; a gradient counts for 1/4 beside it.
    ahead = [first, second / 4 + 3 / 4 * (3 / 16 * first + second / 4)]
    expected = torch.ones(4, 6, 3)
    for gradient, followed in zip((first, second), ahead, strict=True):
        kernel.grad = gradient.reshape(4, 6, 3)
        optimiser.step()
        direction = orthogonal(followed).view(4, 6, 3)
        expected = expected * (1 - 0.1 * 0.5) - 0.1 * LIKE_ADAM * 18**0.5 * direction
        assert torch.allclose(kernel.detach(), expected, atol=1e-4)


def test_steps_are_as_large_as_adams() -> None:
    weights = [nn.Parameter(torch.zeros(32, 32)) for _ in range(2)]
    optimisers = [
        Muon(weights[:1], lr=0.1, weight_decay=0.0, momentum=0.95),
        torch.optim.AdamW(weights[1:], lr=0.1, weight_decay=0.0),
    ]
    generator = torch.Generator().manual_seed(0)
    sizes = torch.zeros(2)
    for _ in range(50):
        gradient = torch.randn(32, 32, generator=generator)
        for number, (weight, optimiser) in enumerate(zip(weights, optimisers, strict=True)):
            before = weight.detach().clone()
            weight.grad = gradient.clone()
            optimiser.step()
            sizes[number] += (weight.detach() - before).square().mean().sqrt()
    assert 0.4 < sizes[0] / sizes[1] < 2.5

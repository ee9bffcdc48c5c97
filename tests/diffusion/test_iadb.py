import math
from itertools import pairwise
from typing import Literal, get_args

import pytest
import torch
from torch import Tensor

from dirac.diffusion.iadb import Network, Solver, Target, blend, data_of, sample, step, target_of

TARGETS = get_args(Target)
MEAN, DEVIATION = 3.0, 0.5


@pytest.fixture(params=[(4,), (4, 3), (4, 2, 5), (4, 3, 8, 8)], ids=str)
def pair(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    noise, data = torch.randn(2, *request.param, generator=generator, dtype=torch.float64)
    return noise, data


def test_a_blend_goes_from_noise_to_data_along_a_line(pair: tuple[Tensor, Tensor]) -> None:
    noise, data = pair
    blended = blend(noise, data, torch.tensor([0.0, 1.0, 0.5, 0.25], dtype=torch.float64))
    assert torch.equal(blended[0], noise[0])
    assert torch.equal(blended[1], data[1])
    torch.testing.assert_close(blended[2], (noise[2] + data[2]) / 2)
    torch.testing.assert_close(blended[3], 0.75 * noise[3] + 0.25 * data[3])


@pytest.mark.parametrize("target", TARGETS)
def test_the_data_come_back_from_the_target(pair: tuple[Tensor, Tensor], target: Target) -> None:
    noise, data = pair
    alpha = torch.tensor([0.0, 0.3, 0.9, 1.0], dtype=torch.float64)
    prediction = target_of(noise, data, target)
    torch.testing.assert_close(data_of(prediction, blend(noise, data, alpha), alpha, target), data)


@pytest.mark.parametrize("target", TARGETS)
def test_a_step_on_the_exact_target_stays_on_the_line(
    pair: tuple[Tensor, Tensor], target: Target
) -> None:
    noise, data = pair
    at = [blend(noise, data, torch.full((4,), alpha)) for alpha in (0.25, 0.75)]
    torch.testing.assert_close(
        step(target_of(noise, data, target), at[0], 0.25, 0.75, target), at[1]
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_a_point_mass_is_reached_in_any_number_of_steps(
    pair: tuple[Tensor, Tensor], target: Target, n_steps: int, order: Literal[1, 2]
) -> None:
    noise, data = pair
    asked: list[float] = []

    def network(blended: Tensor, alpha: Tensor) -> Tensor:
        assert alpha.shape == (4,)
        assert alpha.dtype == blended.dtype
        asked.append(float(alpha[0]))
        return data if target == "data" else (data - blended) / (1 - alpha[0])

    torch.testing.assert_close(sample(network, noise, Solver(n_steps, order), target), data)
    assert asked == [k / n_steps for k in range(n_steps)]


def gaussian_network(target: Target) -> Network:
    """The best prediction for data from N(MEAN, DEVIATION^2): the regression on the blend.

    With it the exact flow takes noise e to MEAN + DEVIATION e.
    """

    def network(blended: Tensor, alpha: Tensor) -> Tensor:
        variance = (alpha * DEVIATION) ** 2 + (1 - alpha) ** 2
        surprise = (blended - alpha * MEAN) / variance
        data = MEAN + alpha * DEVIATION**2 * surprise
        noise = (1 - alpha) * surprise
        return target_of(noise, data, target)

    return network


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("target", TARGETS)
def test_noise_becomes_the_gaussian_that_the_network_knows(
    target: Target, order: Literal[1, 2]
) -> None:
    noise = torch.linspace(-2, 2, 9, dtype=torch.float64)
    exact = MEAN + DEVIATION * noise
    errors = [
        (sample(gaussian_network(target), noise, Solver(n_steps, order), target) - exact)
        .abs()
        .max()
        .item()
        for n_steps in (100, 200, 400)
    ]
    assert errors[2] < 0.01
    # Half the step, half the error, or a quarter.
    orders = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert orders == pytest.approx([order, order], abs=0.15)


def test_data_that_change_steadily_are_followed_to_their_end_by_the_second_order() -> None:
    noise = torch.zeros(1, dtype=torch.float64)
    ends = [
        float(sample(lambda _, alpha: 1 + 2 * alpha, noise, Solver(4, order), "data"))
        for order in (1, 2)
    ]
    assert ends == pytest.approx([2.5, 3])  # what the last step saw, and what was on its way

"""What chance gives to an example does not depend on how many processes share its batch."""

import pytest
import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.models.decomposition import Decomposition
from dirac.models.prior import MaskedPrior

from ..models import test_decomposition, test_prior

BATCH = 10  # of which three processes get 4, 3 and 3


def share(rank: int, world_size: int) -> Draws:
    return Draws(BATCH, rank, world_size, torch.Generator().manual_seed(3))


@pytest.mark.parametrize("world_size", [1, 2, 3, 4, 10])
def test_shares_are_dealt_out_of_one_draw(world_size: int) -> None:
    whole = share(0, 1)
    example = torch.zeros(BATCH, 2, 5)
    normal, uniform = whole.normal(example), whole.uniform(example, torch.float64)
    for rank in range(world_size):
        own, draws = example[rank::world_size], share(rank, world_size)
        assert torch.equal(draws.normal(own), normal[rank::world_size])
        assert torch.equal(draws.uniform(own, torch.float64), uniform[rank::world_size])
    assert sum(share(rank, world_size).first(4) for rank in range(world_size)) == 4


def test_of_the_beginning_of_a_share_the_numbers_are_the_first() -> None:
    own = torch.zeros(5, 7)
    assert torch.equal(share(1, 2).normal(own[:3]), share(1, 2).normal(own)[:3])


def paper() -> Decomposition:
    return test_decomposition.make(objective="paper")


def anchored() -> Decomposition:
    encoder = test_decomposition.ENCODER | {"noise": 0.5}
    return test_decomposition.make(exponent=2, composition_share=0.3, encoder=encoder)


def prior() -> MaskedPrior:
    return test_prior.make(n_components=3, n_component_channels=3)


@pytest.mark.parametrize("make", [paper, anchored, prior])
@pytest.mark.parametrize("world_size", [2, 3, 4, 10])
def test_losses_and_slopes_of_shares_add_up_to_those_of_the_batch(make, world_size: int) -> None:
    """In weighted means, as the trainer and its processes take them."""
    views = (2,) if make is prior else ()
    batch = torch.rand(BATCH, *views, 3, 3, 16)
    one, many = make(), make()
    expected = backward(one, batch, share(0, 1), 1.0)
    found = [
        backward(many, batch[rank::world_size], share(rank, world_size), 1 / BATCH)
        for rank in range(world_size)
    ]
    for name, value in expected.items():
        assert sum(terms[name] for terms in found) == pytest.approx(value, rel=1e-4), name
    for parameter, other in zip(one.parameters(), many.parameters(), strict=True):
        torch.testing.assert_close(other.grad, parameter.grad, rtol=1e-3, atol=1e-5)


def backward(model: nn.Module, batch: Tensor, draws: Draws, weight: float) -> dict[str, float]:
    weight *= len(batch) if draws.world_size > 1 else 1
    terms = {name: weight * value for name, value in model(batch, draws).items()}
    terms["loss"].backward()
    return {name: float(value.detach()) for name, value in terms.items()}

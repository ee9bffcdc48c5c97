"""Work on a GPU that is recorded and repeated; where there is no GPU, the function itself."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver
from dirac.models.prior import MaskedPrior
from dirac.networks import recorded as recording
from dirac.networks.recorded import N_FIRST, Recorded, recorded
from dirac.training.distributed import Processes
from dirac.training.trainer import Trainer
from tests.tiny_models import DENOISER, decomposition
from tests.training.test_trainer import SETTINGS, Slope

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


def test_without_a_gpu_it_is_the_function() -> None:
    seen: list[Tensor] = []

    def function(x: Tensor) -> dict[str, Tensor]:
        seen.append(x)
        return {"doubled": 2 * x}

    recorded, ones = Recorded(function), torch.ones(3)
    for _ in range(N_FIRST + 2):
        assert recorded(ones)["doubled"].tolist() == [2, 2, 2]
    assert len(seen) == N_FIRST + 2
    assert all(x is ones for x in seen)
    assert recorded.graph is None


def test_of_one_tensor_it_is_the_function_too() -> None:
    assert recorded(torch.add)(torch.ones(2), torch.ones(2)).tolist() == [2, 2]


@needs_gpu
@pytest.mark.parametrize("n_frames", [24, 40])  # at once, in windows
def test_recorded_sampling_is_the_sampling(n_frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, solver = decomposition().cuda().eval(), Solver(n_steps=9, order=2)
    prior = MaskedPrior(2, 2, "data", 0.5, DENOISER).cuda().eval()
    components, noise = torch.randn(2, 2, 2, n_frames).cuda(), torch.randn(2, 2, 128, n_frames)
    hidden = torch.tensor([[True, False], [True, True]]).cuda()
    made = []
    for n_first in (N_FIRST, 100):
        monkeypatch.setattr(recording, "N_FIRST", n_first)
        with torch.inference_mode():
            parts = model.render(components, noise.cuda(), solver)
            songs = prior.generate(components, hidden, components.flip(3), solver, 24)
        made.append((parts, songs))
    torch.testing.assert_close(*made, rtol=1e-4, atol=1e-5)


@needs_gpu
def test_a_recorded_step_sees_new_inputs_weights_and_chance() -> None:
    weight = torch.zeros(1, device="cuda")

    def function(x: Tensor) -> dict[str, Tensor]:
        weight.add_(1)
        return {"sum": x.sum() + weight, "chance": torch.rand(1, device="cuda")}

    recorded, chances = Recorded(function), []
    for k in range(N_FIRST + 4):
        torch.manual_seed(k % 2)
        results = recorded(torch.full((2,), float(k), device="cuda"))
        # Recording itself does nothing.
        assert float(results["sum"]) == 2 * k + k + 1
        chances.append(float(results["chance"]))
    assert recorded.graph is not None
    assert chances[-2:] == chances[-4:-2]
    assert chances[-1] != chances[-2]


@needs_gpu
@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_a_recorded_training_is_the_training(optimiser: str) -> None:
    class Product(Slope):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4, 4))

        def forward(self, batch: Tensor, draws: Draws) -> dict[str, Tensor]:
            return {"loss": (batch @ self.weight).square().mean() + draws.normal(batch).mean()}

    settings = replace(SETTINGS, n_steps=9, batch_size=3, optimiser=optimiser, precision="float32")
    losses = []
    for records in (True, False):
        trainer = Trainer(Product(), settings, Processes(0, 1, torch.device("cuda", 0)))
        if not records:
            trainer._learn = trainer._made
        for k in range(9):
            trainer.advance(torch.full((3, 4), 1.0 + k))
        losses.append([float(terms["loss"]) for terms in trainer._unchecked])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)

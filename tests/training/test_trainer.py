"""The one step: against AdamW written by hand, and what surrounds it."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.training.batches import BatchKeys
from dirac.training.distributed import Processes
from dirac.training.trainer import Trainer, TrainSettings, make_optimisers, mean_rows

ALONE = Processes(0, 1, torch.device("cpu"))
SETTINGS = TrainSettings(
    seed=0,
    n_steps=4,
    batch_size=1,
    optimiser="adamw",
    learning_rate=0.1,
    weight_decay=0.5,
    warmup_steps=2,
    final_rate=0.0,
    gradient_clip=1.0,
    ema_decay=0.999,
    log_every=2,
    validate_every=4,
    checkpoint_every_seconds=60.0,
    precision="bfloat16",
    compile=False,
    n_workers=0,
)
WALK = BatchKeys(3, 1, seed=0, rank=0, world_size=1)


class Slope(nn.Module):
    """loss = 5 * weight: its gradient is 5, clipped to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, batch: Tensor, draws: Draws) -> dict[str, Tensor]:
        return {"loss": 5 * self.weight + 0 * batch.sum(), "draw": draws.normal(batch).mean()}


def test_two_steps_by_hand() -> None:
    trainer = Trainer(Slope(), SETTINGS, ALONE)
    weight = average = 1.0
    # A constant gradient makes Adam's step the learning rate itself, whatever its size.
    for step, rate in enumerate((0.05, 0.1)):
        trainer.advance(torch.zeros(1, 1))
        weight = weight * (1 - rate * 0.5) - rate
        decay = (1 + step) / (10 + step)
        average = decay * average + (1 - decay) * weight
    assert float(trainer.model.weight.detach()) == pytest.approx(weight, abs=1e-6)
    assert float(trainer.average.weight) == pytest.approx(average, abs=1e-6)
    row = trainer.log(WALK)
    assert row["step"] == 2
    assert row["gradient_norm"] == pytest.approx(5)  # before it is clipped
    assert row["learning_rate"] == pytest.approx(0.1)
    assert row["loss"] == pytest.approx(5 * (1 + (1 - 0.05 * 0.5 - 0.05)) / 2, abs=1e-6)


def test_noise_is_a_function_of_seed_and_step() -> None:
    def draws(settings: TrainSettings) -> list[float]:
        trainer = Trainer(Slope(), settings, ALONE)
        rows = []
        for _ in range(2):
            trainer.advance(torch.zeros(1, 1))
            torch.rand(7)  # somebody else's draw changes nothing
            rows.append(trainer.log(WALK)["draw"])
        return rows

    first = draws(SETTINGS)
    assert draws(SETTINGS) == first
    assert len({*first, *draws(replace(SETTINGS, seed=1))}) == 4


def test_batches_may_come_as_they_are_kept() -> None:
    """In the dtype of a store, half as much to send to a GPU; what is trained on is float32."""
    seen: list[torch.Tensor] = []
    trainer = Trainer(Slope(), SETTINGS, ALONE)
    trainer.model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for dtype in (torch.float16, torch.float32):
        trainer.advance(torch.full((1, 1), 0.1, dtype=torch.float16).to(dtype))
    assert seen[0].dtype == torch.float32
    assert torch.equal(*seen)


def test_half_precision_is_of_the_products() -> None:
    ones = torch.ones(2, 2)
    for precision, dtype in (("bfloat16", torch.bfloat16), ("float32", torch.float32)):
        with replace(SETTINGS, precision=precision).autocast(torch.device("cpu")):
            assert (ones @ ones).dtype == dtype


def test_compiled_if_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[nn.Module] = []

    def note(model: nn.Module, *, dynamic: bool) -> nn.Module:
        compiled.append(model)
        return model

    monkeypatch.setattr(torch, "compile", note)
    Trainer(Slope(), SETTINGS, ALONE)
    assert not compiled
    trainer = Trainer(Slope(), replace(SETTINGS, compile=True), ALONE)
    assert compiled == [trainer.model]


def test_mean_rows() -> None:
    assert mean_rows([{"a": 1.0, "b": 0.0}, {"a": 2.0, "b": 4.0}]) == {"a": 1.5, "b": 2.0}


def test_a_state_of_another_device_goes_on_here() -> None:
    saved = Trainer(Slope(), SETTINGS, ALONE)
    state = saved.state()
    for group in state["optimisers"][0]["param_groups"]:
        group["capturable"] = True  # as on a GPU, whose steps are recorded
    trainer = Trainer(Slope(), SETTINGS, ALONE)
    trainer.restore(state)
    assert [group["capturable"] for group in trainer.optimisers[0].param_groups] == [False]


def test_muon_takes_matrices_and_adam_the_rest() -> None:
    model = nn.Sequential(nn.Conv1d(3, 4, 5), nn.GroupNorm(2, 4), nn.Linear(7, 2))
    model[2].requires_grad_(False)
    muon, adam = make_optimisers(model, replace(SETTINGS, optimiser="muon"), torch.tensor(0.1))
    assert muon.param_groups[0]["params"] == [model[0].weight]
    rest = adam.param_groups[0]["params"]
    assert {id(w) for w in rest} == {id(w) for w in (model[0].bias, *model[1].parameters())}
    (alone,) = make_optimisers(model, SETTINGS, torch.tensor(0.1))
    assert len(alone.param_groups[0]["params"]) == 4
    assert {type(o) for o in (adam, alone)} == {torch.optim.AdamW}

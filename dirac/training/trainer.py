"""Everything that changes while a model is trained, and the one step that changes it."""

import math
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

import torch
from pydantic import BaseModel
from torch import Tensor, nn
from torch.optim import Optimizer

from dirac.diffusion.draws import Draws
from dirac.model_files import Row
from dirac.networks.recorded import Recorded
from dirac.training.averaging import average_of, decay_at, update_average
from dirac.training.batches import STEP, BatchKeys, derive_seed
from dirac.training.distributed import Processes
from dirac.training.muon import Muon
from dirac.training.schedules import warmup_cosine

MOMENTUM = 0.95  # Muon's
DIVERGED = 10  # times the loss that it began with


class TrainingError(RuntimeError):
    """The training went wrong; the message names the step and the examples.

    what: happened, and at which step; remedy: in a stage, which keeps its checkpoint.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what


@dataclass(frozen=True)
class TrainSettings:
    """The numbers of a training."""

    seed: int
    n_steps: int
    batch_size: int  # over all processes
    optimiser: Literal["muon", "adamw"]
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    final_rate: float  # of the learning rate, at the end of the cosine
    gradient_clip: float  # highest norm of the gradient
    ema_decay: float
    log_every: int  # steps; a row of the history is the mean over them
    validate_every: int  # steps
    checkpoint_every_seconds: float
    precision: Literal["float32", "bfloat16"]  # of the products
    compile: bool  # by torch.compile
    n_workers: int  # that load data, beside each process

    @classmethod
    def of(cls, section: BaseModel, seed: int) -> "TrainSettings":
        """section: of params.yaml; what it has by these names."""
        return cls(seed=seed, **section.model_dump(include={field.name for field in fields(cls)}))

    def autocast(self, device: torch.device) -> AbstractContextManager[Any]:
        mixed = self.precision == "bfloat16"
        return torch.autocast(device.type, torch.bfloat16, enabled=mixed)


class Trainer:
    """A model, its average, its optimiser and what they have been through.

    model.forward(batch, draws) returns named scalars, each a mean over the batch, "loss" among
    them: what is minimised. Its chance comes from `draws`, seeded by (seed, step) and the same for
    an example however many processes share the batch; but for dropout, which each process draws
    for itself. Nothing else is random: so no random state needs saving, and a resumed training is
    the unbroken one, on one CPU process to the bit, on several to rounding.
    """

    def __init__(self, model: nn.Module, settings: TrainSettings, processes: Processes) -> None:
        self.settings, self.processes = settings, processes
        self.model = model.to(processes.device).train()
        self.wrapped = processes.wrap(self.model)
        if settings.compile:
            self.wrapped = cast(nn.Module, torch.compile(self.wrapped, dynamic=False))
        self.average = average_of(self.model)
        # A tensor, so that a recorded step follows it too.
        self._rate = torch.tensor(settings.learning_rate, device=processes.device)
        self.optimisers = make_optimisers(self.model, settings, self._rate)
        self.step = 0  # steps made
        self.history: list[Row] = []
        self.validation: list[Row] = []
        alone = processes.world_size == 1
        self._shared = None if alone else torch.Generator(processes.device)
        self._learn = Recorded(self._made) if alone else self._made
        self._pending: list[Row] = []  # steps since the last row of the history
        self._unchecked: list[dict[str, Tensor]] = []  # the newest of them, still on the GPU

    def state(self) -> dict[str, Any]:
        """All of it, as builtins and tensors; call `check` before."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "history": self.history,
            "validation": self.validation,
            "pending": self._pending,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state` returned."""
        self.step = state["step"]
        for name in ("model", "average"):
            getattr(self, name).load_state_dict(state[name])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
            for group in optimiser.param_groups:
                group["lr"] = self._rate
                if "capturable" in group:  # of the device that the state was saved on
                    group["capturable"] = self._rate.is_cuda
        self.history, self.validation = state["history"], state["validation"]
        self._pending = state["pending"]

    def advance(self, batch: Tensor) -> None:
        """One step on this process's share of the batch, of numbers of any dtype."""
        self._rate.fill_(self._rate_of(self.step))
        self._seed()
        terms = self._learn(batch.to(self.processes.device, non_blocking=True).float())
        update_average(self.average, self.model, decay_at(self.step, self.settings.ema_decay))
        self.step += 1
        self._unchecked.append(terms)

    def _made(self, batch: Tensor) -> dict[str, Tensor]:
        """Moves the weights -> the terms of the loss, and the norm of its gradient."""
        with self.settings.autocast(self.processes.device):
            terms: dict[str, Tensor] = self.wrapped(batch, self._draws)
        # The processes' mean of these is the mean over the batch, however unequal their shares.
        weight = len(batch) * self.processes.world_size / self.settings.batch_size
        terms = {name: weight * value for name, value in terms.items()}
        self.model.zero_grad()
        torch.autograd.backward(terms["loss"])
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip)
        for optimiser in self.optimisers:
            optimiser.step()
        return {name: value.detach() for name, value in terms.items()} | {"gradient_norm": norm}

    def _seed(self) -> None:
        """The chance of this step; torch is seeded for what else may be random, as dropout."""
        settings, processes = self.settings, self.processes
        seed = derive_seed(STEP, settings.seed, self.step, 0)
        if self._shared is None:
            torch.manual_seed(seed)
        else:
            torch.manual_seed(derive_seed(STEP, settings.seed, self.step, 1 + processes.rank))
            self._shared.manual_seed(seed)

    @property
    def _draws(self) -> Draws:
        processes = self.processes
        return Draws(self.settings.batch_size, processes.rank, processes.world_size, self._shared)

    def _rate_of(self, step: int) -> float:
        settings = self.settings
        factor = warmup_cosine(step, settings.n_steps, settings.warmup_steps, settings.final_rate)
        return settings.learning_rate * factor

    def check(self, batches: BatchKeys) -> None:
        """Fetches the newest losses, which waits for the GPU, and makes sure that they are sound:

        finite, and not `DIVERGED` times that of the first row of the history. Raises TrainingError,
        in every process, with the step and the keys of its batch.
        """
        highest = DIVERGED * self.history[0]["loss"] if self.history else math.inf
        for step, terms in enumerate(self._fetched(), self.step - len(self._unchecked)):
            is_finite = all(math.isfinite(value) for value in terms.values())
            if not is_finite or terms["loss"] > highest:
                raise _diverged(terms, step, batches)
            self._pending.append(terms)
        self._unchecked = []

    def log(self, batches: BatchKeys) -> Row:
        """A new row of the history: means over the steps since the last and over the processes."""
        self.check(batches)
        row: Row = {"step": self.step, **mean_rows(self._pending)}
        row["learning_rate"] = self._rate_of(self.step - 1)
        self.history.append(row)
        self._pending = []
        return row

    def _fetched(self) -> list[Row]:
        if not self._unchecked:
            return []
        names = list(self._unchecked[0])
        values = torch.stack(
            [torch.stack([terms[name].float() for name in names]) for terms in self._unchecked]
        )
        return [dict(zip(names, row, strict=True)) for row in self.processes.mean(values).tolist()]


def make_optimisers(model: nn.Module, settings: TrainSettings, rate: Tensor) -> list[Optimizer]:
    """AdamW for all weights, or Muon for matrices and kernels and AdamW for the rest.

    rate: the learning rate, which may change from step to step, on the weights' device.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in trained if weight.ndim > 1 and settings.optimiser == "muon"]
    chosen = {id(weight) for weight in matrices}
    rest = [weight for weight in trained if id(weight) not in chosen]
    decay = settings.weight_decay
    optimisers: list[Optimizer] = []
    if matrices:
        optimisers.append(Muon(matrices, rate, decay, MOMENTUM))
    if rest:
        optimisers.append(
            torch.optim.AdamW(rest, rate, weight_decay=decay, fused=True, capturable=rate.is_cuda)
        )
    return optimisers


def mean_rows(rows: Iterable[Row]) -> Row:
    """The mean of each column of rows that have the same columns."""
    rows = list(rows)
    return {name: math.fsum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _diverged(terms: Row, step: int, batches: BatchKeys) -> TrainingError:
    values = ", ".join(f"{name} {value:g}" for name, value in terms.items())
    return TrainingError(
        f"training diverged at step {step} ({values})",
        f"its batch was, as (example, position): {batches.global_keys(step)}. The last good "
        "checkpoint is kept. Look at these examples, or lower learning_rate or gradient_clip",
    )

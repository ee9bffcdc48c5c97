"""The one training loop: steps, validation, checkpoints, signals, progress."""

import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Never

import torch
from torch import nn
from tqdm import tqdm

from dirac.model_files import Row
from dirac.training.batches import (
    VALIDATION,
    BatchError,
    BatchKeys,
    KeyedDataset,
    derive_seed,
    loader,
    validation_batches,
)
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes
from dirac.training.tracking import Tracker
from dirac.training.trainer import Trainer, TrainSettings

Hook = Callable[[nn.Module, int], None]
SAVE = 1  # what a process may wish after a step: 0, SAVE, or to exit with a higher number


@dataclass(frozen=True)
class Run:
    """What surrounds a training: who shares it, where it is kept, who is told."""

    processes: Processes
    checkpoint: Checkpoint
    tracker: Tracker


@dataclass(frozen=True)
class Trained:
    """The averaged model, in evaluation mode on the training device, and the tables of losses."""

    model: nn.Module
    history: list[Row]
    validation: list[Row]


def train(
    model: nn.Module,
    dataset: KeyedDataset,
    validation: KeyedDataset,
    settings: TrainSettings,
    run: Run,
    on_validation: Hook | None = None,
) -> Trained:
    """Trains, or goes on from the checkpoint, until n_steps; all processes call it alike.

    model: forward(batch: whatever the dataset's tensors stack to) -> named scalars with "loss".
    on_validation(averaged model, step) is called in the main process after each validation, torch
    seeded the same each time.

    On SIGTERM and SIGINT the processes save their state together and raise SystemExit (143, 130).
    Raises TrainingError where a loss is not finite, CheckpointError for a checkpoint of another
    run or a full disk, BatchError for data or a batch that cannot be trained on.
    """
    if len(validation) == 0:
        raise BatchError("the validation set is empty: give its split at least one excerpt")
    processes = run.processes
    batches = BatchKeys(
        len(dataset), settings.batch_size, settings.seed, processes.rank, processes.world_size
    )
    trainer = Trainer(model, settings, processes)
    saved = processes.from_main(run.checkpoint.load() if processes.is_main else None)
    if saved is not None:
        trainer.restore(saved)
    with _signals() as caught, _progress(trainer) as bar:
        clock = _Clock(settings.checkpoint_every_seconds if processes.is_main else math.inf)
        feed = loader(
            dataset, batches.starting_at(trainer.step), settings.n_workers, processes.device
        )
        for _, batch in zip(range(trainer.step, settings.n_steps), feed, strict=False):
            trainer.advance(batch)
            bar.update()
            if _is_time(trainer.step, settings.log_every, settings.n_steps):
                _log(trainer, batches, run.tracker, bar)
            if _is_time(trainer.step, settings.validate_every, settings.n_steps):
                trainer.check(batches)
                _validate(trainer, validation, run.tracker, on_validation)
            wish = 128 + caught[0] if caught else SAVE if clock.due() else 0
            _obey(processes.highest(wish), trainer, batches, run)
        if trainer.step != (saved or {}).get("step"):
            _save(trainer, batches, run)
        if order := processes.highest(128 + caught[0] if caught else 0):  # while that was saved
            raise SystemExit(order)
    return Trained(trainer.average, trainer.history, trainer.validation)


@torch.no_grad()
def validate(
    model: nn.Module, dataset: KeyedDataset, settings: TrainSettings, processes: Processes
) -> Row:
    """Means of the model's terms over all of the dataset, with the same crops and noise each time.

    The batches are dealt out to the processes; each seeds torch with its own number, so the result
    does not depend on how many processes there are.
    """
    batches = validation_batches(len(dataset), settings.batch_size, settings.seed)
    numbers = range(processes.rank, len(batches), processes.world_size)
    feed = loader(dataset, [batches[n] for n in numbers], settings.n_workers, processes.device)
    sums: dict[str, float] = {}
    for number, batch in zip(numbers, feed, strict=True):
        torch.manual_seed(derive_seed(VALIDATION, settings.seed, number))
        with settings.autocast(processes.device):
            terms = model(batch.to(processes.device).float())
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(batch)
    # A process without a batch does not know the names.
    names = processes.from_main(list(sums))
    totals = processes.total(torch.tensor([sums.get(name, 0.0) for name in names]).double())
    return {name: total / len(dataset) for name, total in zip(names, totals.tolist(), strict=True)}


def _is_time(step: int, every: int, n_steps: int) -> bool:
    return step % every == 0 or step == n_steps


def _log(trainer: Trainer, batches: BatchKeys, tracker: Tracker, bar: "tqdm[Never]") -> None:
    row = trainer.log(batches)
    bar.set_postfix(loss=f"{row['loss']:.4g}", refresh=False)
    tracker.log(trainer.step, {name: value for name, value in row.items() if name != "step"})


def _validate(
    trainer: Trainer, dataset: KeyedDataset, tracker: Tracker, on_validation: Hook | None
) -> None:
    settings, processes = trainer.settings, trainer.processes
    row = validate(trainer.average, dataset, settings, processes)
    trainer.validation.append({"step": trainer.step, **row})
    tracker.log(trainer.step, {f"validation/{name}": value for name, value in row.items()})
    if on_validation is not None and processes.is_main:
        torch.manual_seed(derive_seed(VALIDATION, settings.seed))
        on_validation(trainer.average, trainer.step)


def _obey(order: int, trainer: Trainer, batches: BatchKeys, run: Run) -> None:
    if order:
        _save(trainer, batches, run)
    if order > SAVE:
        raise SystemExit(order)


def _save(trainer: Trainer, batches: BatchKeys, run: Run) -> None:
    trainer.check(batches)  # never save a diverged state
    if run.processes.is_main:
        run.checkpoint.save(trainer.state())
        # Just after, so that a resumed run does not track the same steps twice.
        run.tracker.flush()
    run.processes.wait()


class _Clock:
    def __init__(self, every_seconds: float) -> None:
        self.every_seconds = every_seconds
        self.last = time.monotonic()

    def due(self) -> bool:
        if time.monotonic() - self.last < self.every_seconds:
            return False
        self.last = time.monotonic()
        return True


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects the signals that ask to stop, instead of dying from them in the midst of a step."""
    caught: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        caught.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(trainer: Trainer) -> "tqdm[Never]":
    return tqdm(
        total=trainer.settings.n_steps,
        initial=trainer.step,
        unit="step",
        disable=not trainer.processes.is_main,
        mininterval=0.5 if sys.stderr.isatty() else 30,  # a log file needs no animation
    )

"""A training that takes no time, for the tests; as a script it can be killed and shared."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.training.batches import Key
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes, distributed
from dirac.training.loop import Hook, Run, Trained, train
from dirac.training.tracking import NullTracker
from dirac.training.trainer import TrainSettings

ALONE = Processes(0, 1, torch.device("cpu"))
SETTINGS = TrainSettings(
    seed=5,
    n_steps=23,
    batch_size=8,
    optimiser="muon",
    learning_rate=0.01,
    weight_decay=0.01,
    warmup_steps=4,
    final_rate=0.1,
    gradient_clip=1.0,
    ema_decay=0.9,
    log_every=5,
    validate_every=10,
    checkpoint_every_seconds=3600.0,
    precision="float32",
    compile=False,
    n_workers=0,
)


class Waves:
    """Example i is a sine of its own; the position of the crop is its phase."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, key: Key) -> Tensor:
        index, position = key
        return torch.sin((index + 1) * torch.arange(12) / 3 + 6.28 * position)


class Autoencoder(nn.Module):
    """Reconstructs its input; with noise, from a noisy copy."""

    def __init__(self, noise: float, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(12, 6), nn.Tanh(), nn.Dropout(dropout), nn.Linear(6, 12)
        )
        self.noise = noise

    def forward(self, batch: Tensor, draws: Draws | None = None) -> dict[str, Tensor]:
        noise = (draws or Draws(len(batch))).normal(batch)
        error = (self.layers(batch + self.noise * noise) - batch).square()
        return {"loss": error.mean(), "first": error[:, 0].mean()}


def small_run(
    folder: Path,
    settings: TrainSettings = SETTINGS,
    dataset: Waves | None = None,
    noise: float = 0.3,
    dropout: float = 0.0,
    processes: Processes = ALONE,
    hook: Hook | None = None,
) -> Trained:
    run = Run(processes, Checkpoint(folder, "tiny"), NullTracker())
    return train(Autoencoder(noise, dropout), dataset or Waves(21), Waves(11), settings, run, hook)


def signal_at(stop_at: int, number: int = signal.SIGTERM) -> Hook:
    """To the main process alone, at a validation."""

    def hook(model: nn.Module, step: int) -> None:
        if step == stop_at:
            os.kill(os.getpid(), number)

    return hook


class Doomed(Waves):
    """Takes its time, and sends its process a signal when the n-th example is asked for."""

    def __init__(self, length: int, pause: float, n_reads: int, number: int) -> None:
        super().__init__(length)
        self.pause, self.n_reads, self.number = pause, n_reads, number

    def __getitem__(self, key: Key) -> Tensor:
        time.sleep(self.pause)
        self.n_reads -= 1
        if self.n_reads == 0:
            os.kill(os.getpid(), self.number)
        return super().__getitem__(key)


def main(folder: str, batch_size: str, pause: str, rank: str, n_reads: str, number: str) -> None:
    """n_reads: of the process `rank`, at which it gets the signal; 0 for never."""
    settings = replace(
        SETTINGS, n_steps=60, batch_size=int(batch_size), checkpoint_every_seconds=0.0
    )
    with distributed() as processes:
        due = int(n_reads) if processes.rank == int(rank) else 0
        waves = Doomed(21, float(pause), due, int(number))
        small_run(Path(folder), settings, waves, processes=processes)


if __name__ == "__main__":
    main(*sys.argv[1:])

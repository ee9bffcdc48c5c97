"""A training that takes no time, for the tests; as a script it can be killed and shared."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

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
    """Reconstructs its input; with noise, from a noisy copy and with dropout."""

    def __init__(self, noise: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(12, 6), nn.Tanh(), nn.Dropout(noise), nn.Linear(6, 12)
        )
        self.noise = noise

    def forward(self, batch: Tensor) -> dict[str, Tensor]:
        error = (self.layers(batch + self.noise * torch.randn_like(batch)) - batch).square()
        return {"loss": error.mean(), "worst": error.mean(dim=1).max()}


def small_run(
    folder: Path,
    settings: TrainSettings = SETTINGS,
    dataset: Waves | None = None,
    noise: float = 0.3,
    processes: Processes = ALONE,
    hook: Hook | None = None,
) -> Trained:
    run = Run(processes, Checkpoint(folder, "tiny"), NullTracker())
    return train(Autoencoder(noise), dataset or Waves(21), Waves(11), settings, run, hook)


def sigterm_at(stop_at: int) -> Hook:
    def hook(model: nn.Module, step: int) -> None:
        if step == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)

    return hook


def main(folder: str, noise: str, pause: str, stop_at: str) -> None:
    class Slow(Waves):
        def __getitem__(self, key: Key) -> Tensor:
            time.sleep(float(pause) / 8)
            return super().__getitem__(key)

    settings = replace(SETTINGS, n_steps=60, checkpoint_every_seconds=0.0)
    with distributed() as processes:
        small_run(
            Path(folder), settings, Slow(21), float(noise), processes, sigterm_at(int(stop_at))
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

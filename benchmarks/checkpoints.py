"""What a checkpoint a minute costs: `python benchmarks/checkpoints.py`, a table and JSON on stdout.

The state is written as in a training: both models, the optimiser, forced to the disk. On a GPU the
copy to the CPU comes on top.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from dirac.models.decomposition import Decomposition
from dirac.params import load_params
from dirac.settings import apply
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes
from dirac.training.trainer import Trainer, TrainSettings

PROJECT = Path(__file__).parents[1]
N_REPEATS = 5
ALONE = Processes(0, 1, torch.device("cpu"))


def measure(size: str, folder: Path) -> dict[str, float]:
    """Megabytes of a checkpoint, median seconds to write it, percent of a minute; of a setting."""
    params_path = Path(shutil.copy(PROJECT / "params.yaml", folder))
    if size != "default":
        apply(size, params_path, PROJECT / "settings.yaml")
    params = load_params(params_path)
    names = ("objective", "regression_share", "masking_weight", "composition_share", "interference")
    chosen = {name: getattr(params.train, name) for name in names}
    model = Decomposition(n_channels=128, exponent=2.0, **chosen, **params.model.model_dump())
    settings = TrainSettings.of(params.train, seed=0)
    settings = replace(settings, precision="float32", compile=False)  # the state is the same
    trainer = Trainer(model, settings, ALONE)
    trainer.advance(torch.rand(2, 1 + params.model.n_latents, 128, 16))
    checkpoint = Checkpoint(folder, "benchmark")
    seconds = [_seconds(checkpoint, trainer) for _ in range(N_REPEATS)]
    written = checkpoint.newest.stat().st_size / 1e6
    median = statistics.median(seconds)
    return {"megabytes": written, "seconds": median, "percent_of_a_minute": 100 * median / 60}


def _seconds(checkpoint: Checkpoint, trainer: Trainer) -> float:
    begin = time.perf_counter()
    checkpoint.save(trainer.state())
    return time.perf_counter() - begin


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    results = {}
    for size in ("default", "paper"):
        with tempfile.TemporaryDirectory(dir=PROJECT) as folder:
            results[size] = measure(size, Path(folder))
        print("{0:8s} {megabytes:7.1f} MB {seconds:6.3f} s".format(size, **results[size]), end=" ")
        print("{percent_of_a_minute:6.2f} % of a minute".format(**results[size]))
    print(json.dumps(results))


if __name__ == "__main__":
    main()

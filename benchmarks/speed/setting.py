"""The params and the sizes of a run of the benchmarks."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dirac.params import Params, load_params
from dirac.settings import apply

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Size:
    """How much is measured: enough for steady figures, or just enough to run."""

    n_repeats: int
    codecs: tuple[str, ...]
    song_seconds: float
    n_excerpts: int  # in the store that is read
    n_reads: int
    n_workers: tuple[int, ...]
    batch_of_paper: int  # 64 takes a minute a step on a CPU
    n_frames_of_paper: int
    batch_of_default: int | None  # None: its own
    n_steps_at_once: int  # of a training, which waits for a GPU when it logs, not at every step
    bfloat16: bool = False  # whether trainings are measured in it on a CPU too


CODECS = ("spectrogram", "encodec_24khz", "encodec_48khz")
FULL = Size(5, CODECS, 21.0, 600, 2000, (0, 1, 2, 4, 8), 4, 512, None, 1)
ON_GPU = Size(10, CODECS, 300.0, 4000, 20000, (0, 1, 2, 4, 8), 64, 512, None, 10)
TINY = Size(1, CODECS[:1], 0.5, 8, 8, (0, 1), 1, 64, 2, 1)


def params_of(*settings: str) -> Params:
    """params.yaml of this project with these of settings.yaml on top."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        shutil.copy(PROJECT / "params.yaml", path)
        for name in settings:
            apply(name, path, PROJECT / "settings.yaml")
        return load_params(path)

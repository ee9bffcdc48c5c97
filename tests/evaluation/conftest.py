"""stages/evaluate.py on two tiny songs, with untrained models, as DVC runs it."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from ..data.conftest import write_slakh_track
from ..tiny_models import SPECTROGRAM, write_decomposition, write_latent_diffusion, write_prior

PROJECT = Path(__file__).parents[2]
EVALUATE = {
    "sampling": {"n_steps": 2, "order": 2},
    "prior_sampling": {"n_steps": 2, "order": 2},
    "n_processes": 1,
    "window_seconds": 0.5,
    "hop_seconds": 0.5,
    "mask": {"n_fft": 1024, "power": 2.0},
    "refinement": {
        "n_neighbours": 3,
        "n_context": 1,
        "strength": 1.0,
        "n_iterations": 2,
        "highest_hz": 5000,
    },
    "hpss": {"n_fft": 1024, "n_bins": 5, "n_frames": 5},
    "repet_sim": {"n_fft": 1024, "n_similar": 4, "distance_seconds": 0.1, "power": 1.0},
    "fourier_2d": {"n_fft": 1024, "n_scales": 1, "n_rates": 5, "power": 1.0},
    "robust_pca": {"n_fft": 1024, "sparsity": 1.0, "n_iterations": 5, "power": 1.0},
    "bootstrap": {"n_resamples": 100, "level": 0.9},
    "nmf": {"n_fft": 1024, "n_components": 4, "n_iterations": 5, "kernel": 5},
    "n_generated": 3,
    "clip_seconds": 0.5,
    "embedding_seconds": 0.25,
    "generated_seconds": 0.8,
    "n_examples": 2,
    "n_extremes": 1,
    "n_recompositions": 1,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params.yaml, two test songs of two excerpts, their store, and both models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yaml = YAML()
    params = yaml.load(PROJECT / "params.yaml")
    params["data"].update(name="slakh2100", sources=["drums", "bass"], duration_seconds=1.0)
    for section in ("train", "prior"):
        params[section]["n_frames"] = 32
    params["codec"].update(name="spectrogram", dtype="float16")
    params["codec"]["spectrogram"].update(SPECTROGRAM)
    params["evaluate"].update(EVALUATE)
    yaml.dump(params, tmp_path / "params.yaml")
    time = np.arange(16000) / 8000
    for number, split in enumerate(("train", "validation", "test", "test")):
        drums = 0.3 * np.random.default_rng(number).normal(size=16000) * np.exp(-20 * (time % 0.25))
        bass = 0.3 * np.sin(2 * np.pi * (60 + 10 * number) * time)
        write_slakh_track(
            tmp_path / "data" / "raw" / split / f"Track0000{number}",
            {"S00": "Drums", "S01": "Bass"},
            {"S00": np.clip(drums, -1, 1), "S01": bass},
        )
    write_decomposition(tmp_path / "models" / "decomposition")
    write_prior(tmp_path / "models" / "prior")
    write_latent_diffusion(tmp_path / "models" / "latent_diffusion")
    run_stage(monkeypatch, "cache_latents", "--data", "data/raw", "--output", "data/latents")
    return tmp_path


@pytest.fixture
def evaluate(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Runs the stage -> its output folder."""

    def run() -> Path:
        run_stage(
            monkeypatch,
            "evaluate",
            *("--data", "data/raw", "--output", "reports"),
            *("--train", "data/latents/train.lmdb", "--test", "data/latents/test.lmdb"),
            *("--decomposition", "models/decomposition", "--prior", "models/prior"),
            *("--latent-diffusion", "models/latent_diffusion"),
        )
        return project / "reports"

    return run


def run_stage(monkeypatch: pytest.MonkeyPatch, stage: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [stage, *arguments])
    runpy.run_path(str(PROJECT / "stages" / f"{stage}.py"), run_name="__main__")

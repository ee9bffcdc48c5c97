"""Models of a few hundred parameters, untrained, as the training stages would leave them."""

from pathlib import Path
from typing import Any

import torch

from dirac.audio.spectrogram import Spectrogram
from dirac.diffusion.iadb import Solver
from dirac.model_files import save_model
from dirac.models.decomposition import Decomposition
from dirac.models.prior import MaskedPrior
from dirac.separation.consistency import Refinement
from dirac.separation.manner import Manner
from dirac.separation.separator import Separator
from dirac.separation.settings import Settings

SPECTROGRAM = {"power": 0.5, "n_fft": 1024, "n_iterations": 2}
REFINEMENT = Refinement(n_neighbours=3, n_context=1, strength=1.0, n_iterations=2, highest_hz=5000)
MANNER = Manner(weight=0.3, n_fft=1024, n_bins=5, n_frames=5, power=2.0)
SOLVER = Solver(n_steps=2, order=2)
SETTINGS = Settings(
    piece_seconds=1.0,
    n_fft=1024,
    power=2.0,
    solver=SOLVER,
    prior_solver=SOLVER,
    n_shifts=1,
    refinement=REFINEMENT,
    manner=MANNER,
)
DENOISER = {
    "channels": [8, 8],
    "kernels": [3],
    "strides": [2],
    "attention": [False],
    "n_groups": 4,
    "n_embedding": 8,
    "dropout": 0.0,
}


def card(n_latents: int = 2, composition: str = "mean", target: str = "data") -> dict[str, Any]:
    encoder = {
        "channels": [8],
        "n_component_channels": 2,
        "kernel": 3,
        "bounded": True,
        "noise": 0.1,
    }
    return {
        "model": {
            "n_channels": 128,
            "exponent": 2.0,
            "objective": "anchored",
            "regression_share": 0.5,
            "masking_weight": 1.0,
            "composition_share": 0.5,
            "interference": 0.5,
            "n_latents": n_latents,
            "composition": composition,
            "coherence": 0.0,
            "target": target,
            "gated": False,
            "encoder": encoder,
            "denoiser": DENOISER,
        },
        "codec": {
            "name": "spectrogram",
            "quantized": False,
            "bandwidth": 24.0,
            "dtype": "float16",
            "spectrogram": SPECTROGRAM,
        },
        "sample_rate": 24000,
        "frame_rate": 75.0,
        "n_frames": 32,
        "data": "slakh2100",
        "sources": ["drums", "bass"],
        "params": {"seed": 0},
    }


def decomposition(**changes: Any) -> Decomposition:
    torch.manual_seed(0)
    return Decomposition(**card(**changes)["model"])


def separator(**changes: Any) -> Separator:
    return Separator(decomposition(**changes), Spectrogram(**SPECTROGRAM), SETTINGS)


def write_decomposition(folder: Path, **changes: Any) -> Path:
    save_model(folder, decomposition(**changes).state_dict(), card(**changes))
    return folder


def write_prior(folder: Path, n_components: int = 2, n_component_channels: int = 2) -> Path:
    torch.manual_seed(1)
    shape = {"n_components": n_components, "n_component_channels": n_component_channels}
    model = {**shape, "target": "data", "hide_all": 0.5, "denoiser": DENOISER}
    save_model(folder, MaskedPrior(**model).state_dict(), {"model": model, "n_frames": 32})
    return folder


def write_latent_diffusion(folder: Path) -> Path:
    return write_prior(folder, n_components=1, n_component_channels=128)

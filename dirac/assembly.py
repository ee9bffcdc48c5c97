"""A trained model with the settings of params.yaml, or of its own card: for stages and commands."""

from pathlib import Path

import torch

from dirac.diffusion.iadb import Solver
from dirac.model_files import CheckpointError, load_model
from dirac.params import Params, load_params
from dirac.scratch import from_root
from dirac.separation.consistency import Refinement
from dirac.separation.manner import Manner
from dirac.separation.separator import Separator
from dirac.separation.settings import SETTINGS_KEY, Settings


def open_separator(
    folder: Path, params: Path | None = None, device: str | None = None
) -> Separator:
    """The model in `folder`: a packed one as its card says, another by the project's params.yaml.

    params: a file that is taken instead of either; device: as for `choose_device`. Raises
    ParamsError if the params are missing or cannot be used, and as `load_separator`.
    """
    if not folder.is_dir():
        raise CheckpointError(f"no trained model in {folder}: there is no such folder")
    if (chosen := params_for(folder, params)) is None:
        return Separator.load(folder, device=choose_device(device))
    return load_separator(chosen, folder, device)


def params_for(folder: Path, params: Path | None) -> Params | None:
    """Those by which `open_separator` opens a model; None for one that goes by its own card.

    Raises ParamsError if they are missing or cannot be used, CheckpointError without a whole model.
    """
    if params is None and SETTINGS_KEY in load_model(folder)[1]:
        return None
    return load_params(params or Path("params.yaml"))


def load_separator(params: Params, folder: Path, device: str | None = None) -> Separator:
    """The decomposition in `folder`. Raises as `Separator.load` and `choose_device`."""
    return Separator.load(folder, settings_of(params), weights_of(params), choose_device(device))


def weights_of(params: Params) -> Path | None:
    """Where those of the codec are; None: with the model, in torch.hub's cache, or to be had."""
    return from_root(params.codec.weights)


def settings_of(params: Params) -> Settings:
    return Settings(
        piece_seconds=params.data.duration_seconds,
        solver=Solver(**params.evaluate.sampling.model_dump()),
        prior_solver=Solver(**params.evaluate.prior_sampling.model_dump()),
        n_shifts=params.evaluate.n_shifts,
        refinement=Refinement(**params.evaluate.refinement.model_dump()),
        manner=Manner(
            weight=params.evaluate.second_opinion,
            power=params.evaluate.mask.power,
            **params.evaluate.hpss.model_dump(),
        ),
        **params.evaluate.mask.model_dump(),
    )


def choose_device(name: str | None) -> torch.device:
    """cpu or cuda; None: a GPU if there is one. Raises ValueError if there is none to be had."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no CUDA device here that torch can use: take --device cpu")
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))

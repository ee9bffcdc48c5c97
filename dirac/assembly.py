"""A trained model with the settings of params.yaml: for the stages, the command line and scripts.

In a script, with the model that ships with the package or any other folder of a model:

    from dirac.assembly import open_separator
    from dirac.packaged import default_model
    parts = open_separator(default_model()).refined(waveform, sample_rate)

waveform: a tensor (channels, time) in [-1, 1], parts: (parts, channels, time), which sum to it.
"""

from pathlib import Path

import torch

from dirac.params import Params, load_params
from dirac.scratch import project_root
from dirac.separation.consistency import Refinement
from dirac.separation.separator import Separator, Settings
from dirac.training.checkpoint import CheckpointError

PARAMS = "params.yaml"


def open_separator(folder: Path, params: Path | None = None) -> Separator:
    """The model in `folder` with its params. Raises as `read_model_params` and `load_separator`."""
    return load_separator(read_model_params(folder, params), folder)


def read_model_params(folder: Path, chosen: Path | None = None) -> Params:
    """What a model is run with: the file chosen, else its own, else the project's params.yaml.

    A packed model (`dirac.packing`) has its own in its folder. Raises ParamsError if they are
    missing or cannot be used, CheckpointError if there is no such folder.
    """
    if not folder.is_dir():
        raise CheckpointError(f"no trained model in {folder}: there is no such folder")
    if chosen is None:
        own = folder / PARAMS
        chosen = own if own.exists() else Path(PARAMS)
    return load_params(chosen)


def load_separator(params: Params, folder: Path) -> Separator:
    """The decomposition in `folder`, on a GPU if there is one. Raises as `Separator.load`."""
    settings = Settings(
        piece_seconds=params.data.duration_seconds,
        n_steps=params.evaluate.n_sampling_steps,
        refinement=Refinement(**params.evaluate.refinement.model_dump()),
        **params.evaluate.mask.model_dump(),
    )
    weights = params.codec.weights and project_root() / params.codec.weights.expanduser()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Separator.load(folder, settings, weights, device)

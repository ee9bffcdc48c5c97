"""A trained model with the settings of params.yaml: for the stages and the command line."""

from pathlib import Path

import torch

from dirac.params import Params
from dirac.scratch import project_root
from dirac.separation.separator import Separator, Settings


def load_separator(params: Params, folder: Path) -> Separator:
    """The decomposition in `folder`, on a GPU if there is one. Raises as `Separator.load`."""
    settings = Settings(
        piece_seconds=params.data.duration_seconds,
        n_steps=params.evaluate.n_sampling_steps,
        **params.evaluate.mask.model_dump(),
    )
    weights = params.codec.weights and project_root() / params.codec.weights.expanduser()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Separator.load(folder, settings, weights, device)

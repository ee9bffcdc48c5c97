"""The same network before its training: what masks of chance are worth."""

from pathlib import Path

import torch

from dirac.model_files import load_model
from dirac.models.decomposition import Decomposition
from dirac.separation.separator import Separator


def forget(separator: Separator, folder: Path) -> Separator:
    """A separator like that of the model in `folder`, with new weights, drawn by the model's seed.

    Its training began with these, unless it went on from another model. Only the scale of the
    latents is kept, which was set before the first step.
    """
    _, card = load_model(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(card["params"]["seed"])
        model = Decomposition.of_card(card["model"])
    model.scale.copy_(separator.model.scale)
    return Separator(model.to(separator.device), separator.codec, separator.settings)

"""A trained decomposition from which another goes on, and which shows it what it hears."""

from pathlib import Path

import torch
from torch import Tensor

from dirac.model_files import CheckpointError, fill, load_model
from dirac.models.decomposition import Decomposition
from dirac.models.widening import widened


def go_on(model: Decomposition, start: Path, *, homogeneous: bool) -> None:
    """Gives it the weights in `start`, of a model of the same shape, or of narrower components.

    Of homogeneous latents its level stays: they may be louder or softer than those that `start`
    has heard. Raises CheckpointError if there is no such model in `start`.
    """
    state, card = load_model(start)
    try:
        n_more = model.n_component_channels - card["model"]["encoder"]["n_component_channels"]
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"train.start: the model in {start} is no decomposition") from error
    level = model.level
    fill(model, widened(state, model.state_dict(), n_more) if n_more > 0 else state)
    if homogeneous:
        model.scale *= level / model.level


@torch.inference_mode()
def regress(model: Decomposition, latents: Tensor) -> Tensor:
    """Latents (batch, channels, frames) -> the parts (batch, parts, channels, frames) in them."""
    return model.regress(model.encode(latents.to(model.scale.device)))

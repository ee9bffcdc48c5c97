"""A trained decomposition from which another goes on, and which shows it what it hears."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dirac.model_files import CheckpointError, fill, has_model, is_decomposition, load_model
from dirac.models.decomposition import Decomposition
from dirac.models.widening import widened


def begun_with(start: Path, model: Mapping[str, Any], codec: Mapping[str, Any]) -> dict[str, Any]:
    """What a card tells of the model in `start`, from which its own goes on.

    model: composition and target of the one that goes on; codec: the settings of its latents.
    Raises CheckpointError if there is no model in `start`, or one trained with others of these.
    """
    if not has_model(start):
        raise CheckpointError(f"train.start: there is no trained model in {start}")
    _, card = _load(start)
    known = card["model"] | _settings_of_latents(card["codec"])
    wanted = {"composition": model["composition"], "target": model["target"]}
    wanted |= _settings_of_latents(codec)
    if others := [name for name, value in wanted.items() if known.get(name) != value]:
        said = " and ".join(f"{name} {known.get(name)}, not {wanted[name]}" for name in others)
        raise CheckpointError(
            f"train.start: the model in {start} was trained with {said}: name another model, or "
            "take what it had in params.yaml"
        )
    return {"begun_with": card["sha256"]} | ({"saw_stems": True} if card.get("saw_stems") else {})


def _load(start: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    state, card = load_model(start)
    if not is_decomposition(card):
        raise CheckpointError(f"train.start: the model in {start} is no decomposition")
    return state, card


def _settings_of_latents(codec: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a codec's settings without which its latents would be others."""
    name = codec.get("name")
    if name == "spectrogram":
        return {"codec": name} | {key: codec[name][key] for key in ("power", "n_fft")}
    return {"codec": name} | {key: codec.get(key) for key in ("quantized", "bandwidth")}


def go_on(model: Decomposition, start: Path, *, homogeneous: bool) -> None:
    """Gives it the weights in `start`, of a model of the same shape, or of narrower components.

    Of homogeneous latents its level stays: they may be louder or softer than those that `start`
    has heard. Raises CheckpointError if there is no such model in `start`.
    """
    state, card = _load(start)
    n_more = model.n_component_channels - card["model"]["encoder"]["n_component_channels"]
    level = model.level
    fill(model, widened(state, model.state_dict(), n_more) if n_more > 0 else state)
    if homogeneous:
        model.scale *= level / model.level


@torch.inference_mode()
def regress(model: Decomposition, latents: Tensor) -> Tensor:
    """Latents (batch, channels, frames) -> the parts (batch, parts, channels, frames) in them."""
    return model.regress(model.encode(latents.to(model.scale.device)))

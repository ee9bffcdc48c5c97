"""A trained model made portable: one folder with all that it takes to use it, anywhere.

model.safetensors   the weights in half precision; loading restores float32
card.json           as training wrote it, and: all params (of a model that was not packed before
                    `dirac learn`, those of its training), no path of the machine in them, how it is
                    run (`separation`), versions, its scores and the names of its parts
codec/              the same two files of its codec, if this was trained by the stage train_codec
prior/              the same two files of the prior that generates and varies, if it was packed
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dirac.assembly import choose_device, settings_of, weights_of
from dirac.model_files import (
    CODEC,
    CheckpointError,
    card_of,
    has_model,
    is_decomposition,
    load_model,
    save_model,
)
from dirac.params import Params
from dirac.scored import PackingError, origin, read_scores
from dirac.scratch import publish
from dirac.separation.generate import PRIOR, Generator
from dirac.separation.separator import Separator
from dirac.separation.settings import SETTINGS_KEY

FILES = {"model.safetensors", "card.json", CODEC, PRIOR}
PACKAGES = ("dirac", "torch", "torchaudio", "safetensors")


def pack(
    model: Path,
    output: Path,
    params: Params | None,
    metrics: Path | None,
    prior: Path | None,
    weights: Path | None = None,
) -> None:
    """Makes of the model in a folder the portable folder `output`, which is there in full or not.

    params: None for a model that is packed already, which keeps its own; metrics: the metrics.json
    of its evaluation, beside which its scores lie, for the card; prior: the folder of its prior; a
    packed model keeps its own; weights: the codec's, if they are not in the folder of the model and
    there are no params to name them. Raises PackingError if `output` is something else, or if
    params or metrics are not the model's; CheckpointError if there is no whole model, or as
    `load_prior`.
    """
    output = output.resolve()  # what a link names, not the link
    check_output(output)
    state, card = load_model(model)
    if not is_decomposition(card):
        raise PackingError(
            f"the model in {model} is no decomposition: name one, and its prior by --prior"
        )
    if params is not None:
        card |= _run_by(params, card)
    elif SETTINGS_KEY not in card:
        raise PackingError(f"{model} is not packed yet: it takes the params it was trained with")
    train = card.get("params", {}).get("train", {})
    if train.get("start"):  # a path, until it is packed
        train["start"] = Path(train["start"]).name
    if metrics is not None:
        with card_of(model):
            sources = [*card["sources"]]
        card |= read_scores(metrics, card, sources)
    if prior is None and (model / PRIOR).exists():
        prior = model / PRIOR
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        _save_halved(beside, state, card)
        if has_model(model / CODEC):
            values, of_codec = load_model(model / CODEC)
            _save_halved(beside / CODEC, values, without_paths(of_codec))
        if prior is not None:
            _save_halved(beside / PRIOR, *load_prior(prior, model))
        if params is not None:
            weights = weights_of(params)
        device = choose_device(None)
        separator = Separator.load(beside, weights=weights, device=device)  # or no one could
        if prior is not None:
            Generator.load(beside / PRIOR, separator)
        publish(beside, output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_output(output: Path) -> None:
    """Raises PackingError if there is something else than a packed model in the place of one.

    An empty folder is nothing else.
    """
    if output.exists() and not _is_packed_or_empty(output):
        raise PackingError(f"{output} is no packed model and is left as it is: choose another -o")


def knows(of_prior: Mapping[str, Any], card: Mapping[str, Any]) -> bool:
    """Whether a prior, by its card, was trained on the components of the model with this card: as

    that was trained, or as it was packed.
    """
    return of_prior.get("decomposition", card["sha256"]) in (card["sha256"], origin(card))


def load_prior(folder: Path, model: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(weights, card) of the prior of the model in a folder. Raises CheckpointError as

    `load_model`, for another model's and for what is no prior.
    """
    state, card = load_model(folder)
    if "codec" in card:
        raise CheckpointError(
            f"the model in {folder} is no prior: name the folder of one by --prior"
        )
    if not knows(card, load_model(model)[1]):
        raise CheckpointError(
            f"the prior in {folder} was trained on the components of another model than that in "
            f"{model}: name one of this model's by --prior (stages/train_prior.py trains it)"
        )
    return state, card


def _run_by(params: Params, card: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a card that params make; raises PackingError if they are not the model's."""
    chosen = params.model_dump(mode="json")
    _check_params(card.get("params", {}), chosen, "")
    sources = chosen["data"]["sources"]
    _check_params(card.get("sources", sources), sources, "data.sources")
    return {"params": snapshot(params), SETTINGS_KEY: asdict(settings_of(params))}


def _save_halved(folder: Path, state: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    versions = {package: version(package) for package in PACKAGES}
    packed = {"weights": "float16", "sha256_before": origin(card), "versions": versions}
    kept = {k: v for k, v in card.items() if k not in ("format", "sha256")}
    halves = {name: halved(value, name) for name, value in state.items()}
    save_model(folder, halves, kept | {"packed": packed})


def halved(value: Tensor, name: str) -> Tensor:
    """In half precision, if it is a floating-point tensor. Raises PackingError if it overflows."""
    if not value.is_floating_point():
        return value
    half = value.half()
    if not torch.isfinite(half).all():
        raise PackingError(f"the weights {name} are too large for half precision")
    return half


def snapshot(params: Params) -> dict[str, Any]:
    """The params as plain values; of paths only the names, and none to weights, others lack them.

    Written as params.yaml they are params again.
    """
    values: dict[str, Any] = params.model_dump(mode="json")
    data = params.data
    values["data"]["root"] = data.root and data.root.name
    values["data"]["synthetic"]["banks"] = [bank.name for bank in data.synthetic.banks]
    values["codec"]["weights"] = values["evaluate"]["clap"] = None
    values["train"]["start"] = params.train.start and params.train.start.name
    return values


def without_paths(of_codec: Mapping[str, Any]) -> dict[str, Any]:
    """The card of a codec, in which folders of data have their names alone."""
    if "params" not in of_codec:
        return dict(of_codec)
    params = of_codec["params"]
    root, synthetic = params["data"]["root"], params["data"]["synthetic"]
    banks = [Path(bank).name for bank in synthetic["banks"]]
    data = params["data"] | {
        "root": root and Path(root).name,
        "synthetic": synthetic | {"banks": banks},
    }
    return {**of_codec, "params": params | {"data": data}}


def _is_packed_or_empty(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    found = {path.name for path in folder.iterdir()}
    return not found or ("card.json" in found and found <= FILES)


def _check_params(trained: Any, given: Any, key: str) -> None:
    """Raises PackingError where the params given contradict what the card tells of the training."""
    if isinstance(trained, Mapping) and isinstance(given, Mapping):
        for name, value in trained.items():
            _check_params(value, given.get(name), f"{key}.{name}".lstrip("."))
    elif trained != given:
        raise PackingError(
            f"these are not the params of the model: it was trained with {key} {trained}, "
            f"they say {given}; name its own by --params"
        )

"""A trained model made portable: one small folder with all that it takes to separate a song.

model.safetensors   the weights in half precision; loading restores float32
card.json           the card as training wrote it, with `packed`, and `scores` and `parts`
params.yaml         what it was trained and is run with, no path of the machine in it
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from ruamel.yaml import YAML
from torch import Tensor

from dirac.assembly import PARAMS, open_separator
from dirac.evaluation.results import OURS
from dirac.params import Params
from dirac.scratch import publish
from dirac.training.checkpoint import load_model, save_model, write_atomically

FILES = {"model.safetensors", "card.json", PARAMS}
RENDERED = ("decoded", "codec")  # by a codec whose phases are its own: no separation's SI-SDR
ORIGIN_OF_NAMES = (
    "the one assignment of parts to sources that scored best on stems, found after training: "
    "the training was told no names"
)
HEADER = "# What this model was trained with and is run with; `dirac pack` wrote it.\n\n"


class PackingError(ValueError):
    """A model that cannot be packed; the message says what is wrong with which file."""


def pack(model: Path, output: Path, params: Params, metrics: Path | None) -> None:
    """Makes of the model in a folder the portable folder `output`, which is there in full or not.

    metrics: the metrics.json of its evaluation, beside which its scores lie, for the card. Raises
    PackingError if `output` is something else, or if params or metrics are not the model's;
    CheckpointError if there is no whole model.
    """
    if output.exists() and not _is_packed(output):
        raise PackingError(f"{output} is no packed model and is left as it is: choose another -o")
    state, card = load_model(model)
    chosen = params.model_dump(mode="json")
    _check_params(card.get("params", {}), chosen, "")
    sources = chosen["data"]["sources"]
    _check_params(card.get("sources", sources), sources, "data.sources")
    packed = {"weights": "float16", "sha256_before": card["sha256"]}
    card = {"packed": packed} | {k: v for k, v in card.items() if k not in ("format", "sha256")}
    if metrics is not None:
        card |= read_scores(metrics, card)
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        save_model(beside, {name: halved(value, name) for name, value in state.items()}, card)
        write_atomically(beside / PARAMS, snapshot(params).encode())
        open_separator(beside)  # it loads, or it is not published
        publish(beside, output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def halved(value: Tensor, name: str) -> Tensor:
    """In half precision, if it is a floating-point tensor. Raises PackingError if it overflows."""
    if not value.is_floating_point():
        return value
    half = value.half()
    if not torch.isfinite(half).all():
        raise PackingError(f"the weights {name} are too large for half precision")
    return half


def snapshot(params: Params) -> str:
    """The params as YAML; of paths only the names, and none to weights, which others lack."""
    values = params.model_dump(mode="json")
    data = params.data
    values["data"]["root"] = data.root and data.root.name
    values["data"]["synthetic"]["banks"] = [bank.name for bank in data.synthetic.banks]
    values["codec"]["weights"] = None
    yaml, text = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(values, text)
    return HEADER + text.getvalue()


def read_scores(metrics: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """The card's `scores`: SI-SDR in dB of ours, the others and the bounds, by the assignment that

    is fixed for the whole set; and its `parts`, if the scores lie beside. Raises PackingError.
    """
    try:
        content = json.loads(metrics.read_text(encoding="utf-8"))
        figures = {
            method: scores["si_sdr"]
            for method, scores in content["separation"].items()
            if method not in RENDERED
        }
        n_excerpts = content["counts"]["n_scored_excerpts"]
        scored = set(figures[OURS]) - {"mean"}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PackingError(f"{metrics} does not hold the scores of an evaluation") from error
    if scored != set(card["sources"]):
        raise PackingError(
            f"{metrics} scores {', '.join(sorted(scored))}, but the model was trained on "
            f"{', '.join(card['sources'])}"
        )
    origin = f"{metrics.name} of the test split, mean over excerpts"
    entry = {"scores": {"from": origin, "n_excerpts": n_excerpts, "si_sdr": figures}}
    documents = sorted((metrics.parent / "scores" / OURS).glob("*.json"))
    if not documents:
        return entry
    targets = json.loads(documents[0].read_text(encoding="utf-8"))["targets"]  # all have the same
    names = name_parts(targets, card["model"]["n_latents"])
    return entry | {"parts": names, "parts_named_by": ORIGIN_OF_NAMES}


def name_parts(targets: Sequence[Mapping[str, Any]], n_parts: int) -> list[str]:
    """Of each part the name of the source that it was assigned to, fit for a file.

    targets: of a document of scores. The parts of a source that has several are numbered. Raises
    PackingError if these are not all the parts.
    """
    owned = {
        part: f"{_file_name(target['name'])}{f'-{number}' if len(target['parts']) > 1 else ''}"
        for target in targets
        for number, part in enumerate(target["parts"], 1)
    }
    if sorted(owned) != list(range(n_parts)):
        raise PackingError(f"the scores are of {len(owned)} parts, the model makes {n_parts}")
    names = [owned[part] for part in range(n_parts)]
    if len({name.casefold() for name in names}) < n_parts:
        raise PackingError(f"sources that differ make files of one name: {', '.join(names)}")
    return names


def _file_name(source: str) -> str:
    return re.sub(r"[^\w ()-]+", "-", source).strip("- ") or "source"


def _is_packed(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    found = {path.name for path in folder.iterdir()}
    return "card.json" in found and found <= FILES


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

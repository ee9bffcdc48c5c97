"""Trained models and tables of losses on disk: written beside their place, then renamed.

Whoever kills the process, whenever, a file that exists is whole: it was forced to the disk first.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from dirac.remedies import remedy

FORMAT = 1
CODEC = "codec"  # in the folder of a model: that of its codec, if its weights are ours
Row = dict[str, float]


class CheckpointError(RuntimeError):
    """A checkpoint or model that cannot be read or written; the message says what to do."""


def save_model(folder: Path, state: Mapping[str, Tensor], card: Mapping[str, object]) -> None:
    """Writes model.safetensors and card.json, which also holds the format and the weights' sha256.

    card: plain JSON values: all one needs to build the model again. Same input, same bytes.
    """
    weights = save_safetensors({name: value.cpu().contiguous() for name, value in state.items()})
    full = {"format": FORMAT, "sha256": hashlib.sha256(weights).hexdigest(), **card}
    write_atomically(folder / "model.safetensors", weights)
    write_json(folder / "card.json", full)


def load_model(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(weights, card) as `save_model` wrote them, on the CPU.

    Raises CheckpointError if a file is missing or damaged, of another format, or if the two do not
    belong together.
    """
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        weights = (folder / "model.safetensors").read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"no trained model in {folder} ({error.filename} is missing or unreadable): run "
            "`dvc repro`, or `dvc pull` where someone has pushed it"
        ) from error
    except ValueError as error:
        raise CheckpointError(
            f"{folder / 'card.json'} is damaged ({error}): train again"
        ) from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        found = card.get("format") if isinstance(card, dict) else None
        raise CheckpointError(
            f"the model in {folder} has format {found}, this program reads {FORMAT}: train again, "
            "or use the version that made it"
        )
    if hashlib.sha256(weights).hexdigest() != card.get("sha256"):
        raise CheckpointError(
            f"{folder / 'model.safetensors'} is damaged, or does not belong to its card.json: "
            "delete the folder and run `dvc repro` or `dvc pull`"
        )
    try:
        return load_safetensors(weights), card
    except SafetensorError as error:
        raise CheckpointError(f"{folder / 'model.safetensors'} cannot be read: {error}") from error


def fill(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Loads weights into a model. Raises CheckpointError that says which differ, if any do."""
    own, found = ({n: tuple(x.shape) for n, x in s.items()} for s in (model.state_dict(), state))
    differences = [
        f"{name} is {found.get(name, 'missing')} in the file, {own.get(name, 'missing')} in the "
        "model"
        for name in sorted(own.keys() | found.keys())
        if own.get(name) != found.get(name)
    ]
    if differences:
        more = f" and {len(differences) - 3} more" if len(differences) > 3 else ""
        raise CheckpointError("; ".join(differences[:3]) + more)
    model.load_state_dict(state)


def is_decomposition(card: Mapping[str, Any]) -> bool:
    """By the card of a model: a prior has no codec, a plain latent diffusion no encoder."""
    return "codec" in card and "encoder" in card.get("model", {})


def check_described(model: Mapping[str, Any]) -> None:
    """Raises CheckpointError where a card describes a network without any level, or none at all."""
    for name in ("encoder", "denoiser"):
        channels = model[name]["channels"]
        if not isinstance(channels, list) or not channels:
            raise CheckpointError(f"{name}.channels is {channels!r}, and must be a list of widths")


@contextmanager
def card_of(folder: Path) -> Iterator[None]:
    """For a block that reads entries of the card in a folder and does nothing else: raises

    CheckpointError where one is missing or nothing that it could be.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is damaged ({error})"
        raise CheckpointError(
            f"{folder / 'card.json'} {what}: train the model again, or take the card from where "
            "the model came from"
        ) from error


def has_model(folder: Path | None) -> bool:
    """Whether there is a folder, and weights in it: that of a codec may hold a card alone."""
    return folder is not None and (folder / "model.safetensors").exists()


def copy_model(folder: Path, target: Path) -> None:
    """A whole model from one folder to another. Raises CheckpointError as `load_model`."""
    load_model(folder)
    for name in ("model.safetensors", "card.json"):
        write_atomically(target / name, (folder / name).read_bytes())


def write_json(path: Path, content: object) -> None:
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode())


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes a CSV table; the columns are those of all rows, in order of appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def write_atomically(path: Path, content: bytes) -> None:
    """The file (and its folder) is there in full or, on any error, as it was before."""
    temporary = path.with_name(path.name + ".partial")
    write_synced(temporary, lambda file: file.write(content), path)
    temporary.replace(path)
    sync_folder(path.parent)


def write_synced(temporary: Path, write: Callable[[BinaryIO], object], target: Path) -> None:
    """A file beside its target, forced to the disk, or none. Raises CheckpointError if that fails.

    write: all of the content, to the file it is given; raises OSError.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if temporary.exists():
            temporary.unlink()
        raise CheckpointError(
            f"{target} cannot be written ({error.strerror}): {remedy(error)} and start the "
            "same command again; what was saved before is untouched"
        ) from error


def sync_folder(folder: Path) -> None:
    """Forces the renaming itself to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

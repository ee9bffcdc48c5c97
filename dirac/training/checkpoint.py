"""What training leaves on disk: the state to go on from, the finished model, the tables of losses.

Every file is written beside its place, forced to the disk, then renamed: whoever kills the process,
whenever, a file that exists is whole.
"""

import csv
import hashlib
import io
import json
import os
import pickle
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor

FORMAT = 1
Row = dict[str, float]


class CheckpointError(RuntimeError):
    """A checkpoint or model that cannot be read or written; the message says what to do."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training in `folder`: the newest, and the one before in case it is damaged.

    fingerprint: of everything the training depends on; a state of another one is refused.
    """

    folder: Path
    fingerprint: str

    @property
    def newest(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def previous(self) -> Path:
        return self.folder / "checkpoint.previous.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Writes builtins and tensors. Raises CheckpointError if the disk refuses."""
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "fingerprint": self.fingerprint, **state}, buffer)
        # Of this process alone: should two equal runs ever share the folder, any of their
        # checkpoints is good for both.
        temporary = self.folder / f"checkpoint.{os.getpid()}.partial"
        _write(temporary, buffer.getbuffer(), self.newest)
        with suppress(FileNotFoundError):
            self.newest.replace(self.previous)
        temporary.replace(self.newest)
        _sync_folder(self.folder)

    def load(self) -> dict[str, Any] | None:
        """The newest state that can be read, None if there is none yet.

        Never runs code from the file. Raises CheckpointError if none can be read, or if it belongs
        to other params, data or code.
        """
        present = [path for path in (self.newest, self.previous) if path.exists()]
        for path in present:
            try:
                state = torch.load(path, map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, pickle.UnpicklingError, OSError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                warnings.warn(f"{path} cannot be read and is passed over: {reason}", stacklevel=2)
            else:
                return self._checked(state, path)
        if present:
            raise CheckpointError(
                f"no checkpoint in {self.folder} can be read: delete that folder to start afresh"
            )
        return None

    def _checked(self, state: object, path: Path) -> dict[str, Any]:
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise CheckpointError(
                f"{path} is no checkpoint of format {FORMAT} of this program: delete its folder to "
                "start afresh"
            )
        if state["fingerprint"] != self.fingerprint:
            raise CheckpointError(
                f"{path} belongs to another run: its fingerprint of params and data is "
                f"{state['fingerprint']}, this run's {self.fingerprint}. Delete its folder, or go "
                "back to the params it was made with"
            )
        return state


def save_model(folder: Path, state: Mapping[str, Tensor], card: Mapping[str, object]) -> None:
    """Writes model.safetensors and card.json, which also holds the format and the weights' sha256.

    card: plain JSON values: all one needs to build the model again. Same input, same bytes.
    """
    weights = save_safetensors({name: value.cpu().contiguous() for name, value in state.items()})
    full = {"format": FORMAT, "sha256": hashlib.sha256(weights).hexdigest(), **card}
    write_atomically(folder / "model.safetensors", weights)
    text = json.dumps(full, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(folder / "card.json", text.encode())


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


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes a CSV table; the columns are those of all rows, in order of appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """The file (and its folder) is there in full or, on any error, as it was before."""
    temporary = path.with_name(path.name + ".partial")
    _write(temporary, content, path)
    temporary.replace(path)
    _sync_folder(path.parent)


def _write(temporary: Path, content: bytes | memoryview, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if temporary.exists():
            temporary.unlink()
        raise CheckpointError(
            f"{target} cannot be written ({error.strerror}): make room there and start the same "
            "command again; what was saved before is untouched"
        ) from error


def _sync_folder(folder: Path) -> None:
    """Forces the renaming itself to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

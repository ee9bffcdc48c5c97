"""The state from which a killed training goes on, whole or not there whenever it is killed."""

import os
import pickle
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import torch

from dirac.model_files import FORMAT, CheckpointError, sync_folder, write_synced
from dirac.training.provenance import flatten

# What torch.load says of a file of which bytes are missing or others.
DAMAGED = (RuntimeError, EOFError, pickle.UnpicklingError, OSError, ValueError, LookupError)


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training in `folder`: the newest, and the one before in case it is damaged.

    fingerprint: of everything the training depends on; a state of another one is refused.
    params: among these, kept beside the state to say what differs.
    """

    folder: Path
    fingerprint: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def newest(self) -> Path:
        return self.folder / "checkpoint.pt"

    @property
    def previous(self) -> Path:
        return self.folder / "checkpoint.previous.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Writes builtins and tensors. Raises CheckpointError if the disk refuses."""
        marks = {"fingerprint": self.fingerprint, "params": flatten(self.params)}
        whole = {"format": FORMAT, **marks, **state}
        # Of this process alone: should two equal runs ever share the folder, any of their
        # checkpoints is good for both.
        temporary = self.folder / f"checkpoint.{os.getpid()}.partial"
        write_synced(temporary, partial(_write, whole), self.newest)
        with suppress(FileNotFoundError):
            self.newest.replace(self.previous)
        temporary.replace(self.newest)
        sync_folder(self.folder)

    def load(self) -> dict[str, Any] | None:
        """The newest state that can be read, None if there is none yet.

        Never runs code from the file. Raises CheckpointError if none can be read, or if it belongs
        to other params, data or code.
        """
        present = [path for path in (self.newest, self.previous) if path.exists()]
        for path in present:
            try:
                state = torch.load(path, map_location="cpu", weights_only=True)
            except DAMAGED as error:
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
        marks = state if isinstance(state, dict) else {}
        known = isinstance(marks.get("params"), dict) and "fingerprint" in marks
        if marks.get("format") != FORMAT or not known:
            raise CheckpointError(
                f"{path} is no checkpoint of format {FORMAT} of this program: delete its folder to "
                "start afresh"
            )
        if marks["fingerprint"] != self.fingerprint:
            raise CheckpointError(
                f"{path} belongs to another run: {self._differences(marks['params'])}. "
                "Delete its folder, or go back to what it was made with"
            )
        return marks

    def _differences(self, params: Mapping[str, str]) -> str:
        own = flatten(self.params)
        differing = [
            f"{name} is {params.get(name, 'missing')} there, {own.get(name, 'missing')} here"
            for name in sorted(own.keys() | params.keys(), key=str)
            if own.get(name) != params.get(name)
        ]
        return ", ".join(differing) or "of the same params, but other data or other code"


def _write(state: Mapping[str, Any], file: BinaryIO) -> None:
    """Raises the OSError of the disk, behind which torch raises one of its own."""
    try:
        torch.save(state, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise

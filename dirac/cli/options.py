"""What several commands have in common: options, and how a song is read."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

MODEL_HELP = "folder of a model; by default the one that ships with dirac"
PARAMS_HELP = "by default the model's own if it is packed, else ./params.yaml"


def add_common(command: argparse.ArgumentParser, output: str, model: str = MODEL_HELP) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, help=output)
    command.add_argument("--model", type=Path, help=model)
    command.add_argument("--params", type=Path, help=PARAMS_HELP)
    command.add_argument("--seed", type=int, default=0, help="of the noise that sampling begins at")


def read_song(path: Path) -> "tuple[Tensor, int]":
    """(channels, time), Hz. Raises AudioError if the file cannot be read or has no sample."""
    import torch

    from dirac.audio.files import AudioError, read_audio

    samples, rate = read_audio(path)
    if samples.shape[1] == 0:
        raise AudioError(f"{path} has no sample in it")
    return torch.from_numpy(samples), rate

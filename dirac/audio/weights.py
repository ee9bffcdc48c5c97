"""Pretrained weights: from a path, from torch.hub's cache, or downloaded and checked."""

import hashlib
import os
import pickle
from pathlib import Path

import requests
import torch
from torch import Tensor

# Seconds to connect and between two pieces: without a network, the error is there at once.
TIMEOUT = (5, 10)


class CodecError(ValueError):
    """A codec that cannot be had; the message says what to do."""


def load_weights(codec: str, url: str, weights: Path | None) -> dict[str, Tensor]:
    """State of a model from `weights` (a file, or the folder of it), torch.hub's cache or `url`.

    The name of a weight file ends in the head of its sha256, which is checked. Raises CodecError.
    """
    file = find_weights(codec, url, weights)
    check_sha256(file, file.name)
    try:
        state: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CodecError(f"{file} is no weight file, or holds more than tensors") from error
    return state


def check_sha256(file: Path, name: str) -> None:
    """Raises CodecError unless the file's sha256 begins as its name ends: "...-1234abcd.th"."""
    expected = Path(name).stem.rpartition("-")[2]
    with file.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if len(expected) < 8 or not actual.startswith(expected):
        raise CodecError(
            f"{file} is damaged or misnamed: its sha256 begins with {actual[:8]} and its name must "
            "end in that; remove the file and get it again"
        )


def find_weights(codec: str, url: str, weights: Path | None) -> Path:
    """The weight file, downloaded if `weights` is None and the cache lacks it."""
    name = url.rpartition("/")[2]
    if weights is not None:
        file = weights / name if weights.is_dir() else weights
        if not file.is_file():
            raise CodecError(f"codec.weights: there is no file {file}; it can be had from {url}")
        return file
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.is_file():
        try:
            download(url, file)
        except (requests.RequestException, OSError) as error:
            raise CodecError(
                f"{codec} needs the file {name}, which could not be had from {url} "
                f"({type(error).__name__}). Put it by hand into {file.parent} or name its path in "
                "codec.weights; or take codec.name=spectrogram, which needs none"
            ) from error
    return file


def download(url: str, file: Path) -> None:
    """Fetch and check a file, written beside and renamed.

    Raises requests.RequestException or OSError when it cannot be had, CodecError if it is damaged.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT) as response, beside.open("wb") as out:
            response.raise_for_status()
            for piece in response.iter_content(1 << 20):
                out.write(piece)
        check_sha256(beside, file.name)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)

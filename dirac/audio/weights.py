"""Pretrained weights: from a path, from torch.hub's cache, or downloaded and checked."""

import hashlib
import os
import pickle
from pathlib import Path

import requests
import torch
from torch import Tensor
from tqdm import tqdm

# Seconds to connect and between two pieces: without a network, the error is there at once.
TIMEOUT = (5, 10)


class CodecError(ValueError):
    """A codec that cannot be had; the message says what to do."""


def load_weights(codec: str, url: str, weights: Path | None) -> dict[str, Tensor]:
    """State of a model from `weights` (a file, or the folder of it), torch.hub's cache or `url`.

    The name of a weight file ends in the head of its sha256, which is checked. Raises CodecError.
    """
    file = find_weights(codec, url, weights)
    check_sha256(file, file.name, f"remove it and get it again, from {url}")
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise CodecError(f"{file} is no weight file, or holds more than tensors") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise CodecError(f"{file} holds no weights by name, but something else")
    return state


def check_sha256(file: Path, name: str, advice: str) -> None:
    """Raises CodecError unless the file's sha256 begins as its name ends: "...-1234abcd.th"."""
    expected = Path(name).stem.rpartition("-")[2]
    with file.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if len(expected) < 8 or not actual.startswith(expected):
        raise CodecError(
            f"{file} is damaged or misnamed: its sha256 begins with {actual[:8]}, and the name "
            f"{name} must end in that; {advice}"
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
        with (
            requests.get(url, stream=True, timeout=TIMEOUT) as response,
            beside.open("wb") as out,
            tqdm(None, file.name, int(response.headers.get("Content-Length", 0)), unit="B") as bar,
        ):
            response.raise_for_status()
            for piece in response.iter_content(1 << 20):
                out.write(piece)
                bar.update(len(piece))
        check_sha256(beside, file.name, f"{url} sent something else: run again, or put it by hand")
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)

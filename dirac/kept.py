"""Tensors on disk that are computed once: what was finished before a kill is not done again."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

BLOCK = 32  # excerpts


def keep(path: Path, compute: Callable[[], Tensor]) -> Tensor:
    """The tensor in `path` (.npy), computed and written, all or nothing, if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        with beside.open("wb") as file:
            np.save(file, compute().numpy(force=True))
        beside.replace(path)
    return torch.from_numpy(np.load(path))


def keep_rows(
    folder: Path | None, what: str, excerpts: Sequence[int], compute: Callable[[int], Tensor]
) -> Tensor:
    """The rows that are computed of each excerpt, (rows, ...), one after another.

    what: is told of the progress. folder: where they are kept, those of BLOCK excerpts together;
    None: nowhere.
    """

    def rows(numbers: Sequence[int]) -> Tensor:
        return torch.cat([compute(number) for number in numbers])

    blocks = []
    with tqdm(None, what, len(excerpts), unit="excerpt") as progress:
        for first in range(0, len(excerpts), BLOCK):
            block = partial(rows, excerpts[first : first + BLOCK])
            blocks.append(block() if folder is None else keep(folder / f"{first}.npy", block))
            progress.update(len(excerpts[first : first + BLOCK]))
    return torch.cat(blocks)

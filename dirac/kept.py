"""Tensors on disk that are computed once: what was finished before a kill is not done again."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def keep(path: Path, compute: Callable[[], Tensor]) -> Tensor:
    """The tensor in `path` (.npy), computed and written, all or nothing, if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
        with beside.open("wb") as file:
            np.save(file, compute().numpy(force=True))
        beside.replace(path)
    return torch.from_numpy(np.load(path))

"""How the channels of a signal (batch, channels, frames) lie in memory.

Apart, as torch has them: all frames of one channel, then of the next. Or side by side: all channels
of one frame, then of the next, as the matrix units of CPUs take them in bfloat16
(docs/benchmarks.md has what it gains).
"""

import torch
from torch import Tensor


def as_products_want(x: Tensor) -> Tensor:
    """Like x, its channels side by side where products are faster so: in bfloat16 on a CPU."""
    in_bfloat16 = x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    return side_by_side(x) if in_bfloat16 else x


def side_by_side(x: Tensor) -> Tensor:
    return x.mT.contiguous().mT


def apart(x: Tensor) -> Tensor:
    return x.contiguous() if is_side_by_side(x) else x


def is_side_by_side(x: Tensor) -> bool:
    """False where code is compiled: there it is torch that lays signals out."""
    return not torch.compiler.is_compiling() and x.stride(1) == 1 and min(x.shape[1:]) > 1


def join(*signals: Tensor) -> Tensor:
    """The channels of all, which lie as those of the first do."""
    if is_side_by_side(signals[0]):
        return torch.cat([x.mT for x in signals], dim=2).mT
    return torch.cat(signals, dim=1)

"""What bounds any program here: how fast the machine multiplies matrices, and copies memory."""

from collections.abc import Callable
from typing import Any

import torch
from measure import Work
from torch.utils.flop_counter import FlopCounterMode

SIDE = 2048  # of the matrices
N_BYTES = 1 << 27  # that are copied: more than caches hold


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def product(dtype: torch.dtype = torch.float32) -> tuple[Work, float]:
    """A matrix product to time, and its floating-point operations."""
    left, right = torch.randn(2, SIDE, SIDE, device=device()).to(dtype)
    return lambda: left @ right, 2.0 * SIDE**3


def copy(where: torch.device) -> tuple[Work, float]:
    """A copy of the memory of a device to time, and the bytes that it reads."""
    source = torch.zeros(N_BYTES, dtype=torch.uint8, device=where)
    target = torch.empty_like(source)
    return lambda: target.copy_(source), float(N_BYTES)


def flops_of(work: Callable[[], Any]) -> float:
    """Floating-point operations of the products and convolutions in it, backward too."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())

"""The devices of a machine that processes share."""

from collections.abc import Sequence

import torch

CPU = torch.device("cpu")


def all_devices() -> list[torch.device]:
    """Every GPU of this machine, or the CPU where there is none."""
    n_gpus = torch.cuda.device_count()
    return [torch.device("cuda", number) for number in range(n_gpus)] or [CPU]


def device_of(number: int, devices: Sequence[torch.device]) -> torch.device:
    """That of process `number`: they take turns, so that each device has as many, but for one."""
    return devices[number % len(devices)]

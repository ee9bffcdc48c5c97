"""The devices of a machine that processes share, and how a network gets to another process."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

CPU = torch.device("cpu")


def all_devices() -> list[torch.device]:
    """Every GPU of this machine, or the CPU where there is none."""
    n_gpus = torch.cuda.device_count()
    return [torch.device("cuda", number) for number in range(n_gpus)] or [CPU]


def device_of(number: int, devices: Sequence[torch.device]) -> torch.device:
    """That of process `number`: they take turns, so that each device has as many, but for one."""
    return devices[number % len(devices)]


@dataclass(frozen=True)
class Parcel:
    """What unpickles as its content: a network, by way of the CPU, to that process's own device.

    kind: of device, cpu or cuda; its own is the current one. What is no network stays as it is.
    """

    content: object
    kind: str

    def __reduce__(self) -> tuple[Callable[[object, str], object], tuple[object, str]]:
        content = self.content
        if isinstance(content, nn.Module) and self.kind != "cpu":
            content = deepcopy(content).cpu()
        return _arrive, (content, self.kind)


def _arrive(content: object, kind: str) -> object:
    return content.to(kind) if isinstance(content, nn.Module) else content

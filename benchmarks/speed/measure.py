"""How rates are measured: interleaved repetitions, the fastest of each, beside a floor."""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

Work = Callable[[], Any]


@dataclass(frozen=True)
class Timing:
    """Seconds of the fastest repetition: by the clock, and of cores.

    On a machine that is shared, the second says what one left alone would need; of work on a GPU it
    says nothing.
    """

    wall: float
    core: float


@dataclass(frozen=True)
class Row:
    """A rate, and the share of its floor's: of the fastest that anything could be here.

    amount: what one repetition does, in units; floor_seconds: what the floor needs for as much.
    """

    theme: str
    name: str
    amount: float
    unit: str
    timing: Timing
    floor: str = ""
    floor_seconds: float | None = None

    @property
    def rate(self) -> float:
        return self.amount / self.timing.wall

    @property
    def core_rate(self) -> float:
        return self.amount / max(self.timing.core, 1e-9)

    @property
    def of_floor(self) -> float | None:
        return None if self.floor_seconds is None else self.floor_seconds / self.timing.wall

    def as_json(self) -> dict[str, Any]:
        derived = {"rate": self.rate, "core_rate": self.core_rate, "of_floor": self.of_floor}
        return asdict(self) | derived


def interleaved(works: Mapping[str, Work], n_repeats: int) -> dict[str, Timing]:
    """Runs each once to warm up, then all in turn, `n_repeats` times: whoever shares the machine

    slows all of them alike.
    """
    for work in works.values():
        work()
    taken: dict[str, list[Timing]] = {name: [] for name in works}
    for _ in range(n_repeats):
        for name, work in works.items():
            taken[name].append(timed(work))
    return {
        name: Timing(min(t.wall for t in each), min(t.core for t in each))
        for name, each in taken.items()
    }


def timed(work: Work) -> Timing:
    """One run, to its end on a GPU too."""
    _wait()
    wall, core = time.perf_counter(), _core_seconds()
    work()
    _wait()
    return Timing(time.perf_counter() - wall, _core_seconds() - core)


def _core_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def table(rows: list[Row]) -> str:
    """As Markdown: a rate by the clock, one per core, and what the floor allows of it."""
    lines = ["| theme | what | rate | a core | unit | of its floor |", "| --- " * 6 + "|"]
    for row in rows:
        share = "" if row.of_floor is None else f"{row.of_floor:.0%} of {row.floor}"
        lines.append(
            f"| {row.theme} | {row.name} | {row.rate:.3g} | {row.core_rate:.3g} "
            f"| {row.unit} | {share} |"
        )
    return "\n".join(lines)

"""Signals of any length, in overlapping pieces that fade into each other."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

Span = tuple[int, int]  # [start, stop)


def overlapping(n: int, length: int) -> list[Span]:
    """Spans of n, all `length` long or n: neighbours overlap by a quarter, the last by more."""
    if n <= length:
        return [(0, n)]
    step = length - length // 4
    return [(start, start + length) for start in [*range(0, n - length, step), n - length]]


def consecutive(n: int, length: int) -> list[Span]:
    """Spans of n without overlap, the last as long as there is left."""
    return [(start, min(start + length, n)) for start in range(0, n, length)]


def faded(pieces: Iterable[Tensor], spans: Sequence[Span], ratio: int) -> Iterator[Tensor]:
    """Pieces (..., length * ratio) of `overlapping` spans -> consecutive finished stretches.

    The weights of the fades of neighbours sum to one. Memory holds one piece and a stretch.
    """
    if len(spans) == 1:
        yield from pieces
        return
    length = (spans[0][1] - spans[0][0]) * ratio
    fade = _fade(length, length // 4)
    total: Tensor | None = None
    weights = torch.zeros(length)
    starts, ends = [start for start, _ in spans], [start for start, _ in spans[1:]]
    for start, end, piece in zip(starts, [*ends, spans[-1][1]], pieces, strict=True):
        total = piece * fade if total is None else total + piece * fade
        weights += fade
        n_ready = (end - start) * ratio  # the next piece begins there
        yield total[..., :n_ready] / weights[:n_ready]
        total = torch.nn.functional.pad(total[..., n_ready:], (0, n_ready))
        weights = torch.nn.functional.pad(weights[n_ready:], (0, n_ready))


def _fade(length: int, overlap: int) -> Tensor:
    """(length,): rises over `overlap`, stays, falls; never zero."""
    ramp = (torch.arange(length) + 0.5) / max(overlap, 1)
    return torch.minimum(ramp, ramp.flip(0)).clamp_max(1.0)

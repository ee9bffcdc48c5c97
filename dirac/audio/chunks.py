"""Long signals a chunk at a time: the result of the whole, in the memory of a chunk."""

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import torch
from torch import Tensor

Function = Callable[[Tensor], Tensor]


def in_chunks(
    function: Function, signal: Tensor, size: int, context: int, ratio: Fraction
) -> Tensor:
    """function(signal), (..., time) -> (..., ceil(time * ratio)), `size` at a time, by `stream`."""
    return torch.cat([*stream(function, pieces_of(signal, size), context, ratio)], dim=-1)


def pieces_of(signal: Tensor, size: int) -> Iterator[Tensor]:
    """(..., time) -> consecutive views (..., size) of it; the last may be shorter."""
    return (signal[..., start : start + size] for start in range(0, signal.shape[-1], size))


def stream(
    function: Function, pieces: Iterable[Tensor], context: int, ratio: Fraction
) -> Iterator[Tensor]:
    """Consecutive pieces (..., time) of a signal -> those of function(signal), one by one.

    function sees each piece with `context` of what lies on both sides of it, or as much as there
    is, so that there are no seams if nothing farther away matters to it.

    ratio: length of the result over that of the signal. All pieces but the last are at least as
    long as the context, and they and the context are multiples of its denominator.
    """
    upcoming = iter(pieces)
    piece = next(upcoming, None)
    before: list[Tensor] = []
    while piece is not None:
        following = next(upcoming, None)
        after = [] if following is None else [following[..., :context]]
        result = function(torch.cat([*before, piece, *after], dim=-1))
        begin = int(sum(part.shape[-1] for part in before) * ratio)
        yield result[..., begin : begin + math.ceil(piece.shape[-1] * ratio)]
        before, piece = [piece[..., -context:]], following

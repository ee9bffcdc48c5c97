from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from dirac.separation.pieces import consecutive, faded, overlapping


def in_pieces(
    function: Callable[[Tensor], Tensor], signal: Tensor, length: int, ratio: int
) -> Tensor:
    spans = overlapping(signal.shape[-1], length)
    pieces = (function(signal[..., start:stop]) for start, stop in spans)
    return torch.cat([*faded(pieces, spans, ratio)], dim=-1)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 14, 15, 100])
def test_pieces_of_the_identity_make_the_whole(n: int) -> None:
    signal = torch.randn(2, 3, n)
    seen = []

    def function(piece: Tensor) -> Tensor:
        seen.append(piece.shape[-1])
        return piece

    torch.testing.assert_close(in_pieces(function, signal, 8, 1), signal)
    assert set(seen) == {min(n, 8)}


def test_pieces_fade_into_each_other_without_a_step() -> None:
    levels = iter([0.0, 1.0])
    level = in_pieces(lambda piece: torch.full_like(piece, next(levels)), torch.zeros(140), 80, 1)
    assert level[:55].max() == 0
    assert level[85:].min() == 1
    assert (level.diff() >= 0).all()
    assert level.diff().max() < 0.06


def test_a_function_may_stretch_time() -> None:
    signal = torch.arange(10.0)
    stretched = in_pieces(lambda piece: piece.repeat_interleave(3), signal, 4, 3)
    torch.testing.assert_close(stretched, signal.repeat_interleave(3))


def test_stretches_are_finished_as_pieces_come() -> None:
    spans = overlapping(100, 16)
    came = 0

    def pieces() -> Iterator[Tensor]:
        nonlocal came
        for start, stop in spans:
            came = stop
            yield torch.zeros(stop - start)

    finished = 0
    for stretch in faded(pieces(), spans, 1):
        finished += len(stretch)
        assert came - finished <= 16  # no more is held than a piece
    assert finished == 100


def test_consecutive_spans_are_the_whole() -> None:
    assert consecutive(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert consecutive(4, 4) == [(0, 4)]

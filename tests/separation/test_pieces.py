import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from dirac.audio.songs import Recording
from dirac.separation.pieces import after, at_once, consecutive, faded, in_pieces, overlapping


def of_pieces(
    function: Callable[[Tensor], Tensor], signal: Tensor, length: int, ratio: int
) -> Tensor:
    spans = overlapping(signal.shape[-1], length)
    pieces = (function(signal[..., start:stop]) for start, stop in spans)
    return torch.cat([*faded(pieces, spans, ratio)], dim=-1)


@pytest.mark.parametrize("length", [1, 2, 8, 17])
def test_spans_are_about_as_long_as_they_should_and_overlap(length: int) -> None:
    for n in range(1, 300):
        spans = overlapping(n, length)
        sizes = {stop - start for start, stop in spans}
        assert len(sizes) == 1
        assert sizes.pop() <= max(1.5 * length, 1)
        assert (spans[0][0], spans[-1][1]) == (0, n)
        for (_, stop), (start, _) in pairwise(spans):
            assert stop - start >= length // 8


@pytest.mark.parametrize("n", [1, 7, 8, 9, 14, 15, 100])
def test_pieces_of_the_identity_make_the_whole(n: int) -> None:
    signal = torch.randn(2, 3, n)
    seen = []

    def function(piece: Tensor) -> Tensor:
        seen.append(piece.shape[-1])
        return piece

    torch.testing.assert_close(of_pieces(function, signal, 8, 1), signal)
    assert len(set(seen)) == 1
    assert n < 12 or 5 < seen[0] < 12


def test_pieces_fade_into_each_other_without_a_step() -> None:
    levels = iter([0.0, 1.0])
    level = of_pieces(lambda piece: torch.full_like(piece, next(levels)), torch.zeros(140), 80, 1)
    assert level[:65].max() == 0
    assert level[75:].min() == 1
    assert (level.diff() >= 0).all()
    assert level.diff().max() < 0.12


def test_a_function_may_stretch_time() -> None:
    signal = torch.arange(10.0)
    stretched = of_pieces(lambda piece: piece.repeat_interleave(3), signal, 4, 3)
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


@pytest.mark.parametrize("n", [5, 100, 137])
def test_from_any_sample_on_a_song_is_the_same(n: int) -> None:
    song = Recording(torch.randn(2, n, generator=torch.Generator().manual_seed(0)), 100)

    def made(start: int) -> Tensor:
        pieces = in_pieces(lambda p: p - p.mean(), song, seconds=0.16, n_at_once=1, start=start)
        return torch.cat([*pieces, torch.zeros(2, 0)], dim=-1)

    whole = made(0)
    assert whole.shape == (2, n)
    for start in range(n + 1):
        assert torch.equal(made(start), whole[:, start:])


def test_what_is_before_is_left_out() -> None:
    stretches = torch.arange(10).split([3, 4, 3])
    for start in range(11):
        left = [*after(stretches, start)]
        assert all(len(stretch) for stretch in left)
        assert [int(n) for stretch in left for n in stretch] == [*range(start, 10)]


def test_consecutive_spans_are_the_whole() -> None:
    assert consecutive(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert consecutive(4, 4) == [(0, 4)]


@pytest.mark.parametrize("n_at_once", [1, 2])
def test_at_once_is_in_order_and_keeps_the_threads(n_at_once: int) -> None:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        read = 0

        def pieces() -> Iterator[Tensor]:
            nonlocal read
            for read in range(1, 9):
                yield torch.tensor(read)

        def function(piece: Tensor) -> Tensor:
            time.sleep(0.02 if piece % 2 else 0.0)
            return torch.tensor([int(piece), torch.get_num_threads()])

        found = []
        for result in at_once(function, pieces(), n_at_once):
            found.append(int(result[0]))
            assert read - len(found) <= n_at_once
            assert result[1] == 2 // n_at_once
        assert found == [*range(1, 9)]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


def test_an_error_in_a_piece_is_raised() -> None:
    def function(piece: Tensor) -> Tensor:
        raise ValueError(f"piece {int(piece)}")

    with pytest.raises(ValueError, match="piece 0"):
        [*at_once(function, iter(torch.arange(3)), 2)]

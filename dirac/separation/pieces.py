"""Signals of any length, in overlapping pieces that fade into each other."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from dirac.audio.songs import Song, Span

MAX_AT_ONCE = 4  # pieces: each takes 100 MB or so while it is separated


def overlapping(n: int, length: int) -> list[Span]:
    """Spans of n, all of one length, about the given one: neighbours overlap by its eighth."""
    overlap = length // 8
    count = round((n - overlap) / (length - overlap))
    if count <= 1:
        return [(0, n)]
    size = -(-(n + (count - 1) * overlap) // count)
    starts = [k * (n - size) // (count - 1) for k in range(count)]
    return [(start, start + size) for start in starts]


def in_pieces(
    function: Callable[[Tensor], Tensor], song: Song, seconds: float, n_at_once: int, start: int
) -> Iterator[Tensor]:
    """function: of pieces (channels, time) of a song, about so many seconds long, to (..., time)

    -> consecutive stretches of what they make together, from sample `start` on, the same wherever
    that is. n_at_once: as for `at_once`.
    """
    every = overlapping(song.n_samples, round(seconds * song.sample_rate))
    spans = needed(every, start)
    pieces = at_once(function, song.spans(spans), min(n_at_once, len(every)))
    return after(faded(pieces, spans, 1), start - spans[0][0])


def needed(spans: Sequence[Span], start: int) -> Sequence[Span]:
    """Those of `overlapping` spans that decide what there is from `start` on, and how they fade."""
    return spans[max(bisect_right(spans, (start, math.inf)) - 2, 0) :]


def after(stretches: Iterable[Tensor], n: int) -> Iterator[Tensor]:
    """Consecutive stretches (..., time) without their first n samples."""
    for stretch in stretches:
        if stretch.shape[-1] > n:
            yield stretch[..., n:]
        n = max(n - stretch.shape[-1], 0)


def consecutive(n: int, length: int) -> list[Span]:
    """Spans of n without overlap, the last as long as there is left."""
    return [(start, min(start + length, n)) for start in range(0, n, length)]


def at_once(
    function: Callable[[Tensor], Tensor], pieces: Iterable[Tensor], n_at_once: int
) -> Iterator[Tensor]:
    """The function of each piece, in order, n_at_once at a time if torch has as many threads.

    On a CPU a thread for each is quicker than all threads for one. Memory holds one piece more
    than are at work.
    """
    n_threads = torch.get_num_threads()
    n_workers = min(n_threads, n_at_once)
    if n_workers == 1:
        yield from map(function, pieces)
        return
    working: deque[Future[Tensor]] = deque()
    try:
        with ThreadPoolExecutor(
            n_workers, initializer=torch.set_num_threads, initargs=(n_threads // n_workers,)
        ) as pool:
            for piece in pieces:
                working.append(pool.submit(function, piece))
                if len(working) > n_workers:
                    yield working.popleft().result()
            while working:
                yield working.popleft().result()
    finally:
        torch.set_num_threads(n_threads)  # what a thread sets is what the next ones begin with


def faded(pieces: Iterable[Tensor], spans: Sequence[Span], ratio: int) -> Iterator[Tensor]:
    """Pieces (..., length * ratio) of `overlapping` spans -> consecutive finished stretches.

    The weights of the fades of neighbours sum to one. Memory holds one piece and a stretch.
    """
    if len(spans) == 1:
        yield from pieces
        return
    length = (spans[0][1] - spans[0][0]) * ratio
    fade = _fade(length, length // 8)
    total: Tensor | None = None
    weights = torch.zeros_like(fade)
    starts, ends = [start for start, _ in spans], [start for start, _ in spans[1:]]
    for start, end, piece in zip(starts, [*ends, spans[-1][1]], pieces, strict=True):
        fade, weights = fade.to(piece.device), weights.to(piece.device)
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

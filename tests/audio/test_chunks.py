from fractions import Fraction

import pytest
import torch

from dirac.audio.chunks import in_chunks, pieces_of, stream


def average_of_seven(signal: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool1d(signal, 7, 1, padding=3)


@pytest.mark.parametrize("n_samples", [1, 10, 11, 29, 30, 64])
def test_what_sees_no_farther_than_the_context_has_no_seams(n_samples):
    signal = torch.randn(1, 2, n_samples)
    joined = in_chunks(average_of_seven, signal, 10, 3, Fraction(1))
    torch.testing.assert_close(joined, average_of_seven(signal))


def test_what_sees_farther_has():
    signal = torch.randn(1, 1, 30)
    joined = in_chunks(average_of_seven, signal, 10, 2, Fraction(1))
    assert not torch.allclose(joined, average_of_seven(signal))


@pytest.mark.parametrize("n_samples", [3, 12, 13, 25])
def test_results_may_be_longer_or_shorter(n_samples):
    signal = torch.arange(float(n_samples))[None]
    assert torch.equal(
        in_chunks(lambda chunk: chunk.repeat_interleave(2, -1), signal, 6, 3, Fraction(2)),
        signal.repeat_interleave(2, -1),
    )
    assert torch.equal(
        in_chunks(lambda chunk: chunk[..., ::3], signal, 6, 3, Fraction(1, 3)), signal[..., ::3]
    )


def test_no_more_is_seen_than_a_piece_and_its_context_and_no_more_is_read_than_one_ahead():
    lengths, n_read = [], 0

    def measure(chunk: torch.Tensor) -> torch.Tensor:
        lengths.append(chunk.shape[-1])
        return chunk

    def read():
        nonlocal n_read
        for piece in pieces_of(torch.arange(25.0), 10):
            n_read += 1
            yield piece

    results = stream(measure, read(), 3, Fraction(1))
    assert torch.equal(next(results), torch.arange(10.0))
    assert n_read == 2
    assert torch.equal(torch.cat([*results]), torch.arange(10.0, 25.0))
    assert lengths == [13, 16, 8]

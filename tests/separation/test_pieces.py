import pytest
import torch

from dirac.separation.pieces import in_pieces


@pytest.mark.parametrize("n", [1, 7, 8, 9, 14, 15, 100])
def test_pieces_of_the_identity_make_the_whole(n: int) -> None:
    signal = torch.randn(2, 3, n)
    seen = []

    def function(piece: torch.Tensor) -> torch.Tensor:
        seen.append(piece.shape[-1])
        return piece

    torch.testing.assert_close(in_pieces(function, signal, 8, 1), signal)
    assert set(seen) == {min(n, 8)}


def test_pieces_fade_into_each_other_without_a_step() -> None:
    levels = iter([0.0, 1.0])
    faded = in_pieces(lambda piece: torch.full_like(piece, next(levels)), torch.zeros(140), 80, 1)
    assert faded[:55].max() == 0
    assert faded[85:].min() == 1
    assert (faded.diff() >= 0).all()
    assert faded.diff().max() < 0.06


def test_a_function_may_stretch_time() -> None:
    signal = torch.arange(10.0)
    stretched = in_pieces(lambda piece: piece.repeat_interleave(3), signal, 4, 3)
    torch.testing.assert_close(stretched, signal.repeat_interleave(3))

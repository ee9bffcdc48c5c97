import pytest
import torch
from torch import Tensor

from dirac.diffusion.iadb import Solver, sample
from dirac.diffusion.windows import in_windows


@pytest.mark.parametrize("n", [1, 15, 16, 17, 24, 40, 41])
def test_what_needs_no_neighbours_is_the_same_in_windows(n: int) -> None:
    signal = torch.randn(2, 3, n)
    torch.testing.assert_close(in_windows(torch.tanh, signal, 16), torch.tanh(signal))


def test_windows_have_their_length_and_cover_everything() -> None:
    seen: list[Tensor] = []

    def note(window: Tensor) -> Tensor:
        seen.append(window)
        return window

    in_windows(note, torch.arange(42.0)[None], 16)
    assert {window.shape for window in seen} == {(1, 16)}
    assert torch.cat(seen, dim=1).unique().tolist() == list(range(42))


def test_windows_that_disagree_fade_into_each_other() -> None:
    """Levels 0, 1, 2 of half-overlapping windows: a slope of ninths, two where three meet."""
    levels = iter([0.0, 1.0, 2.0])
    blended = in_windows(
        lambda window: torch.full_like(window, next(levels)), torch.zeros(1, 32), 16
    )
    steps = blended[0].diff()
    assert blended[0, 0] == 0
    assert blended[0, -1] == 2
    assert ((steps >= 0) & (steps < 2.001 / 9)).all()


def test_a_long_sample_is_as_smooth_at_the_seams_as_elsewhere() -> None:
    """The network draws every window to a level of its own, as far from the others as noise is."""
    torch.manual_seed(0)

    def network(blended: Tensor, alpha: Tensor) -> Tensor:
        def predict(window: Tensor) -> Tensor:
            return window.mean(dim=-1, keepdim=True).sign().expand_as(window)

        return in_windows(predict, blended, 32)

    song = sample(network, torch.randn(200, 1, 32 * 4), Solver(10, 1), "data")
    steps = song.diff(dim=-1).abs().mean(dim=(0, 1))
    seams = torch.tensor([edge - 1 for edge in range(16, 32 * 4, 16)])
    elsewhere = torch.ones(len(steps), dtype=torch.bool).scatter(0, seams, False)
    assert song.abs().amax() <= 1.0 + 1e-5
    assert steps[seams].max() < 2 * steps[elsewhere].max()  # one that is cut there: 17 times

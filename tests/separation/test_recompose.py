import pytest
import torch

from dirac.separation.recompose import recompose


def test_components_are_taken_from_their_songs_up_to_the_shortest_end() -> None:
    a, b = torch.randn(1, 2, 3, 10), torch.randn(1, 2, 3, 8)
    new = recompose([a, b], [(0, 0), (1, 1)])
    assert new.shape == (1, 2, 3, 8)
    torch.testing.assert_close(new[:, 0], a[:, 0, :, :8])
    torch.testing.assert_close(new[:, 1], b[:, 1])
    torch.testing.assert_close(recompose([a, b], [(0, 0), (0, 1)]), a)


@pytest.mark.parametrize(
    ("choices", "message"),
    [([], "one component"), ([(2, 0)], "no song 2: there are 2"), ([(0, 5)], "no component 5")],
)
def test_what_is_not_there_cannot_be_chosen(choices: list[tuple[int, int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recompose([torch.zeros(1, 2, 1, 4)] * 2, choices)

from functools import partial

import pytest
import torch
from torch import Tensor

from dirac.audio.songs import Recording

from ..tiny_models import separator


def music() -> Tensor:
    return 0.1 * torch.randn(2, 52800, generator=torch.Generator().manual_seed(3))


def test_a_song_comes_apart_in_stretches_as_it_does_at_once() -> None:
    mixture, ours = music(), separator()
    stretches = [*ours.refine(Recording(mixture, 16000))]
    assert len(stretches) > 3
    torch.testing.assert_close(
        torch.cat(stretches, dim=-1), ours.refined(mixture, 16000), rtol=0, atol=0
    )


@pytest.mark.parametrize("method", ["refine", "decode"])
def test_a_song_is_gone_on_with_at_any_sample(method: str) -> None:
    song, ours = Recording(music(), 16000), separator()
    separate = ours.refine if method == "refine" else partial(ours.decode, seed=3)
    whole = torch.cat([*separate(song)], dim=-1)
    for start in (1, 8000, 40000, 52799):
        assert torch.equal(torch.cat([*separate(song, start=start)], dim=-1), whole[..., start:])

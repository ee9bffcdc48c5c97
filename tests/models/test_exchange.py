"""Components heard beside the parts of other songs."""

import pytest
import torch
from torch import Tensor

from dirac.models.exchange import with_exchanged

from ..tiny_models import decomposition


class Ear(torch.nn.Module):
    """Component n of a mixture of n + 1 bands is its band n, and a trace of all there is."""

    def __init__(self, trace: float) -> None:
        super().__init__()
        self.trace = trace

    def forward(self, signal: Tensor) -> Tensor:
        bands = torch.stack(signal.chunk(2, dim=1), dim=1)
        return bands + self.trace * bands.flip(1)


def test_each_component_is_heard_beside_the_parts_of_the_next_song(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = decomposition()
    model.exponent = 1.0
    model.encoder = Ear(0.1)
    songs = torch.rand(3, 128, 8)

    def parts_of(components: Tensor) -> Tensor:
        """Whole parts, whose mean the mixture is: of each the other's band is silent."""
        low, high = (2 * components).unbind(1)
        silent = torch.zeros_like(low)
        return torch.stack([torch.cat([low, silent], 1), torch.cat([silent, high], 1)], 1)

    monkeypatch.setattr(model, "regress", parts_of)
    views = with_exchanged(model, songs)
    assert views.shape == (3, 2, 2, 64, 8)
    torch.testing.assert_close(views[:, 0], model.encode(songs))
    low, high = views[:, 0].unbind(1)
    trace = 0.1
    torch.testing.assert_close(views[:, 1, 0], low + trace * high.roll(-1, 0))
    torch.testing.assert_close(views[:, 1, 1], high + trace * low.roll(-1, 0))


def test_a_song_alone_is_beside_itself() -> None:
    model = decomposition().eval()
    latents = torch.rand(1, 128, 16)
    views = with_exchanged(model, latents)
    recomposed = model.encode(model.compose(model.regress(model.encode(latents))))
    torch.testing.assert_close(views[:, 1], recomposed)

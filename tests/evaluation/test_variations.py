"""What variations are told to be, of songs whose components are bands that anybody can read."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from dirac.evaluation.generation import Clips, score_variations

N_FRAMES = 12
GENERATOR = torch.Generator().manual_seed(0)
LATENTS = {f"song {n}": torch.randn(1, 8, N_FRAMES, generator=GENERATOR) for n in range(4)}


def encode(latents: Tensor) -> Tensor:
    """The upper bands are one component, the lower ones the other."""
    return latents.unflatten(1, (2, 4))


def songs(vary: Any) -> Any:
    """vary: (latents of a song, of the next song, number of the component that is kept)."""
    names = list(LATENTS)

    def varied(excerpt: str, kept: int, n_frames: int, index: int) -> Tensor:
        other = names[(names.index(excerpt) + 1 + index) % len(names)]
        return vary(LATENTS[excerpt], LATENTS[other], kept).flatten(1, 2)[..., :n_frames]

    model = SimpleNamespace(encode=encode, compose=lambda parts: parts.sum(1))
    ours = SimpleNamespace(
        excerpts=names,
        separator=SimpleNamespace(n_parts=2, model=model),
        spread=lambda n: names[:n],
        run=lambda label, jobs: None,
        latents=LATENTS.__getitem__,
        parts=lambda name: torch.stack([0.5 * LATENTS[name]] * 2, 1),
    )
    prior = SimpleNamespace(prior=SimpleNamespace(standardised=lambda components: components))
    return SimpleNamespace(ours=ours, prior=prior, varied=varied)


def with_partner(own: Tensor, other: Tensor, kept: int) -> Tensor:
    mixed = encode(other).clone()
    mixed[:, kept] = encode(own)[:, kept]
    return mixed


def test_a_partner_of_another_song_replaces_and_what_is_kept_stays() -> None:
    figures = score_variations(songs(with_partner), Clips(16, N_FRAMES, N_FRAMES))
    assert figures["kept_variations"] == pytest.approx(1)
    assert figures["replaced_reconstruction"] == pytest.approx(1)
    assert abs(figures["replaced_variations"]) < 0.4
    assert abs(figures["replaced_other_song"]) < 0.4
    assert figures["diversity"] > 0.2


def test_a_copy_is_told_as_one() -> None:
    copies = songs(lambda own, other, kept: encode(own))
    figures = score_variations(copies, Clips(16, N_FRAMES, N_FRAMES))
    assert figures["replaced_variations"] == pytest.approx(1)
    assert figures["kept_variations"] == pytest.approx(1)
    assert figures["diversity"] == pytest.approx(0, abs=1e-6)

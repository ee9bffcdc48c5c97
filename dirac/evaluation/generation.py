"""How close songs that our models make are to real ones, in the codec's latents."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dirac.evaluation.kept import keep
from dirac.evaluation.ours import Ours
from dirac.evaluation.scores import DECIMALS
from dirac.metrics.generation import embed, frechet_distance
from dirac.separation.generate import Generator
from dirac.separation.recompose import recompose

RENDERING = 1 << 32  # apart from the seeds of the components


def generated(ours: Ours, generator: Generator, n_frames: int, index: int) -> Tensor:
    """Components (1, components, channels, frames) of the prior's song `index`."""
    path = ours.signals.folder / "generated" / f"{index:04d}.npy"
    kept = keep(path, lambda: generator.generate(n_frames, ours.seed + index))
    return kept.to(ours.separator.device)


def score_generation(
    ours: Ours, generator: Generator, n_generated: int, n_frames: int
) -> dict[str, float]:
    """Frechet distances to the test mixtures, each of equally many songs: the fewer, the farther.

    Of songs from the prior, and for comparison of test songs whose components were shuffled, as
    the decomposition renders them, and as the codec alone passes them. Raises ValueError below two
    test excerpts.
    """
    n = min(n_generated, len(ours.excerpts))
    chosen = [ours.excerpts[i * len(ours.excerpts) // n] for i in range(n)]
    shuffles = [_shuffle(n, ours.seed + k) for k in range(ours.separator.n_parts)]
    mixed = [[chosen[shuffle[i]] for shuffle in shuffles] for i in range(n)]
    ours.run(
        "generating",
        [(render_generated, (ours, generator, n_frames, i)) for i in range(n)]
        + [(render_mixed, (ours, mixed[i], i)) for i in range(n)],
    )
    compose, rate = ours.separator.model.compose, ours.separator.codec.sample_rate
    songs = {
        "generated": [render_generated(ours, generator, n_frames, i) for i in range(n)],
        "shuffled": [render_mixed(ours, mixed[i], i) for i in range(n)],
        "reconstruction": [compose(ours.parts(excerpt)) for excerpt in chosen],
        "codec_roundtrip": [ours.separator.encode(ours.passed(e), rate) for e in chosen],
    }
    real = _embed([ours.latents(excerpt) for excerpt in ours.excerpts])
    return {
        f"frechet_{name}": round(frechet_distance(_embed(latents), real), DECIMALS)
        for name, latents in songs.items()
    }


def render_generated(ours: Ours, generator: Generator, n_frames: int, index: int) -> Tensor:
    """Latents (1, channels, frames) of the prior's song `index`."""
    path = ours.signals.folder / "generated-songs" / f"{index:04d}.npy"
    return keep(path, lambda: _render(ours, generated(ours, generator, n_frames, index), index))


def render_mixed(ours: Ours, excerpts: Sequence[str], index: int) -> Tensor:
    """Latents (1, channels, frames) of a song whose component k is that of the k-th excerpt."""

    def render() -> Tensor:
        songs = [ours.components(excerpt) for excerpt in excerpts]
        return _render(ours, recompose(songs, [(k, k) for k in range(len(songs))]), index)

    return keep(ours.signals.folder / "shuffled-songs" / f"{index:04d}.npy", render)


def _render(ours: Ours, components: Tensor, index: int) -> Tensor:
    noise = torch.Generator().manual_seed(RENDERING + ours.seed + index)
    return ours.separator.model.compose(ours.separator.render(components, noise))


def _embed(latents: Sequence[Tensor]) -> Tensor:
    return torch.cat([embed(song.cpu()) for song in latents])


def _shuffle(n: int, seed: int) -> list[int]:
    order: list[int] = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order

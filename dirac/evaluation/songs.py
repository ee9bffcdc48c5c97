"""Songs that models make: of noise, of the components of others, around a component that is kept.

All are latents of the codec, (1, channels, frames), kept on disk once they are made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dirac.evaluation.ours import Ours
from dirac.kept import keep
from dirac.separation.generate import Generator
from dirac.separation.recompose import recompose

RENDERING = 1 << 32  # apart from the seeds of the components


@dataclass(frozen=True)
class Songs:
    """prior: of our components; plain: a latent diffusion of the same size and budget.

    A song of a model is a pure function of its length and index, and so kept under these.
    """

    ours: Ours
    prior: Generator
    plain: Generator

    def components(self, n_frames: int, index: int) -> Tensor:
        """Components (1, components, channels, frames) of the prior's song `index`."""
        return self._keep(
            f"generated/{n_frames}-{index:04d}",
            lambda: self.prior.generate(n_frames, self.ours.seed + index),
        )

    def generated(self, n_frames: int, index: int) -> Tensor:
        """The prior's song `index`, rendered."""
        return self._keep(
            f"generated-songs/{n_frames}-{index:04d}",
            lambda: self._render(self.components(n_frames, index), index),
        )

    def diffused(self, n_frames: int, index: int) -> Tensor:
        """Song `index` of the plain latent diffusion."""
        return self._keep(
            f"diffused-songs/{n_frames}-{index:04d}",
            lambda: self.plain.generate(n_frames, self.ours.seed + index)[:, 0],
        )

    def mixed(self, excerpts: Sequence[str], n_frames: int, index: int) -> Tensor:
        """A song whose component k is that of the k-th excerpt."""

        def render() -> Tensor:
            songs = [self.ours.components(excerpt)[..., :n_frames] for excerpt in excerpts]
            return self._render(recompose(songs, [(k, k) for k in range(len(songs))]), index)

        return self._keep(f"shuffled-songs/{n_frames}-{index:04d}", render)

    def varied(self, excerpt: str, kept: int, n_frames: int, index: int) -> Tensor:
        """The excerpt's component `kept` with new partners, number `index` of them."""

        def render() -> Tensor:
            components = self.ours.components(excerpt)[..., :n_frames]
            return self._render(self.prior.vary(components, (kept,), self.ours.seed + index), index)

        return self._keep(f"varied-songs/{excerpt}-{kept}-{n_frames}-{index:04d}", render)

    def _render(self, components: Tensor, index: int) -> Tensor:
        noise = torch.Generator().manual_seed(RENDERING + self.ours.seed + index)
        separator = self.ours.separator
        return separator.model.compose(separator.render(components, noise))

    def _keep(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        kept = keep(self.ours.signals.folder / f"{name}.npy", make)
        return kept.to(self.ours.separator.device)

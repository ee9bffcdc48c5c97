"""The masking prior: a diffusion model of the components that generates any of them given the rest.

Bindi & Esling, ISMIR 2024, section 3.3: a hidden component is noised, a visible one is kept clean,
and the mask tells the network which is which.
"""

from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver, Target, blend, sample, target_of
from dirac.diffusion.windows import in_windows
from dirac.networks.recorded import recorded
from dirac.networks.unet import UNet


def draw_hidden(like: Tensor, n_components: int, hide_all: float, draws: Draws) -> Tensor:
    """Masks (batch, components) for like (batch, ...), True = generate: everything with

    probability `hide_all`, else a uniform draw of the other non-empty masks.
    """
    n_masks = 2**n_components - 1  # the last, all ones, hides everything
    others = 1 + (draws.uniform(like, torch.float64) * max(n_masks - 1, 1)).long()
    masks = torch.where(draws.uniform(like) < hide_all, n_masks, others)
    return (masks[:, None] >> torch.arange(n_components, device=like.device)) % 2 == 1


class MaskedPrior(nn.Module):
    """IADB over the concatenated components, each standardised by `mean` and `deviation`.

    mean, deviation: (components, component channels), of the training components.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        n_components: int,
        n_component_channels: int,
        target: Target,
        hide_all: float,
        denoiser: Mapping[str, Any],
    ):
        super().__init__()
        self.n_components = n_components
        self.target: Target = target
        self.hide_all = hide_all
        self.denoiser = UNet(n_components * n_component_channels, n_components, **denoiser)
        self.register_buffer("mean", torch.zeros(n_components, n_component_channels))
        self.register_buffer("deviation", torch.ones(n_components, n_component_channels))

    def fit_scale(self, components: Tensor) -> None:
        """Standardise by these components, (batch, components, channels, frames)."""
        self.set_scale(components.mean(dim=(0, 3)), components.std(dim=(0, 3)))

    def set_scale(self, mean: Tensor, deviation: Tensor) -> None:
        """Standardise by these, (components, component channels)."""
        self.mean.copy_(mean)
        self.deviation.copy_(deviation.clamp_min(1e-3))

    def forward(self, views: Tensor, draws: Draws | None = None) -> dict[str, Tensor]:
        """views: (batch, views, components, channels, frames), the components that are generated

        first, last as they are seen where they are visible -> the loss of a draw of masks, a mean
        over the batch; draws: of a batch of which this is a share.
        """
        draws = draws or Draws(len(views))
        data, seen = self.standardised(views[:, 0]), self.standardised(views[:, -1])
        hidden = draw_hidden(data, self.n_components, self.hide_all, draws)
        noise, alpha = draws.normal(data), draws.uniform(data)
        blended = self._shown(blend(noise, data, alpha), seen, hidden)
        prediction = self._predict(blended, alpha, hidden)
        errors = (prediction - target_of(noise, data, self.target)).square().mean(dim=(2, 3))
        return {"loss": ((errors * hidden).sum(dim=1) / hidden.sum(dim=1)).mean()}

    def generate(
        self, components: Tensor, hidden: Tensor, noise: Tensor, solver: Solver, n_frames: int
    ) -> Tensor:
        """Sample the hidden components given the visible ones, at once or in windows of n_frames.

        components, noise: (batch, components, channels, frames), hidden: (batch, components)
        -> components with the hidden ones generated and the others as they were.
        """
        data = self.standardised(components)

        predict = recorded(lambda window, alpha: self._predict(window, alpha, hidden))

        def network(blended: Tensor, alpha: Tensor) -> Tensor:
            shown = self._shown(blended, data, hidden)
            return in_windows(lambda window: predict(window, alpha), shown, n_frames)

        generated = sample(network, noise, solver, self.target)
        generated = generated * self.deviation[..., None] + self.mean[..., None]
        return self._shown(generated, components, hidden)

    def standardised(self, components: Tensor) -> Tensor:
        """As the network sees them: centred, and divided by their deviation."""
        return (components - self.mean[..., None]) / self.deviation[..., None]

    def _shown(self, blended: Tensor, data: Tensor, hidden: Tensor) -> Tensor:
        return torch.where(hidden[..., None, None], blended, data)

    def _predict(self, blended: Tensor, alpha: Tensor, hidden: Tensor) -> Tensor:
        mask = repeat(
            hidden.to(blended.dtype),
            "batch components -> batch components frames",
            frames=blended.shape[-1],
        )
        flat = rearrange(
            blended, "batch components channels frames -> batch (components channels) frames"
        )
        return self.denoiser(flat, alpha, mask).reshape(blended.shape)

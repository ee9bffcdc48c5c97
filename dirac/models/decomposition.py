"""The decomposition: N components of a signal, each of which alone renders one part of it."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from dirac.diffusion.iadb import Target, blend, data_of, sample, target_of
from dirac.networks.encoders import ComponentEncoder
from dirac.networks.unet import UNet

Composition = Literal["mean", "sum", "max", "min"]


def compose(parts: Tensor, composition: Composition) -> Tensor:
    """parts: (batch, components, ...) -> signal (batch, ...)."""
    match composition:
        case "mean":
            return parts.mean(dim=1)
        case "sum":
            return parts.sum(dim=1)
        case "max":
            return parts.amax(dim=1)
        case "min":
            return parts.amin(dim=1)


class Decomposition(nn.Module):
    """Encoder and shared denoiser, learnt from mixtures alone.

    Two objectives. "paper" (Bindi & Esling 2024, section 3.2): the denoiser sees the noised mixture
    beside each component, and the composition of its predictions must be the mixture.
    "additive", ours: at alpha 0 the denoiser sees nothing but a component, so that a part is what
    its component describes and the composition of the parts must be the mixture (regression); from
    alpha 0 to 1 the denoiser learns to render these parts, completed by what they left of the
    mixture (denoising). Components are noisy in training: what limits their capacity makes one
    component describe one source.
    """

    scale: Tensor

    def __init__(
        self,
        n_channels: int,
        nonnegative: bool,
        n_latents: int,
        composition: Composition,
        target: Target,
        objective: Objective,
        encoder: Mapping[str, Any],
        denoiser: Mapping[str, Any],
    ):
        super().__init__()
        self.nonnegative = nonnegative
        self.n_latents = n_latents
        self.composition: Composition = composition
        self.target: Target = target
        self.objective: Objective = objective
        settings = dict(encoder)
        self.noise = settings.pop("noise")
        self.encoder = ComponentEncoder(n_latents, n_channels, **settings)
        self.denoiser = UNet(n_channels, encoder["n_component_channels"], **denoiser)
        self.register_buffer("scale", torch.ones(()))

    def forward(self, latents: Tensor) -> dict[str, Tensor]:
        """latents of mixtures: (batch, channels, frames) -> the loss and its named terms."""
        signal = latents / self.scale
        components = self.encoder(signal)
        components = components + self.noise * torch.randn_like(components)
        if self.objective == "paper":
            return {"loss": self._composed_denoising_loss(signal, components)}
        parts = self._regress(components)
        regression = F.mse_loss(compose(parts, self.composition), signal)
        denoising = self._part_denoising_loss(signal, components.detach(), parts.detach())
        return {"loss": regression + denoising, "regression": regression, "denoising": denoising}

    def encode(self, latents: Tensor) -> Tensor:
        """latents: (batch, channels, frames) -> (batch, components, component channels, frames)."""
        components: Tensor = self.encoder(latents / self.scale)
        return components

    def regress(self, components: Tensor) -> Tensor:
        """The expected parts, by one evaluation at alpha 0; shapes as for `render`."""
        return self._regress(components) * self.scale

    def render(self, components: Tensor, noise: Tensor, n_steps: int) -> Tensor:
        """Sample each part from its component alone, the mixture unseen.

        components: (batch, components, component channels, frames), noise: (batch, components,
        channels, frames) -> parts like noise.
        """

        def network(blended: Tensor, alpha: Tensor) -> Tensor:
            return self._predict(blended, alpha, components)

        return sample(network, noise, n_steps, self.target) * self.scale

"""The decomposition: N components of a signal, each of which alone renders one part of it."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from dirac.diffusion.draws import Draws
from dirac.diffusion.iadb import Solver, Target, blend, data_of, sample, target_of
from dirac.models.composition import Composition, compose, random_coherence
from dirac.models.losses import LIKE_SQUARES, relative_errors, share_errors
from dirac.networks.encoders import ComponentEncoder, GatedEncoder
from dirac.networks.layers import Conv1d
from dirac.networks.recorded import recorded
from dirac.networks.unet import UNet

Objective = Literal["anchored", "paper", "supervised"]


class Decomposition(nn.Module):
    """Encoder and shared denoiser, learnt by one of three objectives: two from mixtures alone.

    "paper" (Bindi & Esling 2024, section 3.2): the denoiser sees the noised mixture beside each
    component, and the composition of its predictions must be the mixture.

    "anchored", ours: the denoiser sees a part noised, as it will when it samples. Remixed anchors
    (excerpts in which little else than one source sounds, found without stems) must come apart
    into what they were mixed from, as parts and as shares of the mixture, and the parts of real
    mixtures must compose to them. Magnitudes are remixed as waves that interfere: their coherence
    is drawn, `interference` its standard deviation.

    "supervised", for comparison alone: as "anchored", but what is remixed are true stems.

    `gated`: components are shares of a projection of the signal (`networks.encoders`), which suits
    latents with a sign. What projects one back is the regressed part, judged in decibels; it joins
    what the denoiser predicts, which learns from the draws that do not regress, if any do not.

    `scale`, (channels, 1): what latents are divided by; `set_scale` before training.
    """

    scale: Tensor

    def __init__(
        self,
        n_channels: int,
        exponent: float,
        objective: Objective,
        regression_share: float,
        masking_weight: float,
        composition_share: float,
        interference: float,
        n_latents: int,
        composition: Composition,
        coherence: float,
        target: Target,
        gated: bool,
        encoder: Mapping[str, Any],
        denoiser: Mapping[str, Any],
    ):
        super().__init__()
        self.n_channels = n_channels
        self.nonnegative = exponent != 1 and target == "data"
        self.exponent = 1.0 if objective == "paper" else exponent  # the paper composes latents
        self.objective: Objective = objective
        self.regression_share = regression_share
        self.masking_weight = masking_weight if exponent != 1 else 0.0  # shares have no sign
        self.composition_share = composition_share
        self.interference = interference if exponent != 1 else 0.0  # what is linear just adds
        self.n_latents = n_latents
        self.composition: Composition = composition
        self.coherence = coherence
        self.target: Target = target
        self.n_component_channels: int = encoder["n_component_channels"]
        self.noise = encoder["noise"]
        shape = {key: value for key, value in encoder.items() if key != "noise"}
        self.encoder = (GatedEncoder if gated else ComponentEncoder)(n_latents, n_channels, **shape)
        self.denoiser = UNet(n_channels, self.n_component_channels, **denoiser)
        back = (self.n_component_channels, n_channels, encoder["kernel"])
        self.projection = Conv1d(*back, padding="same") if gated else None
        self.denoiser.requires_grad_(not gated or regression_share < 1)
        self.register_buffer("scale", torch.ones(n_channels, 1))

    @classmethod
    def of_card(cls, written: Mapping[str, Any]) -> "Decomposition":
        """As the card of a model describes it; of an older one amplitudes added, in phase."""
        older = {"coherence": 1.0, "interference": 0.0, "gated": False}
        return cls(**(older | dict(written)))

    def set_scale(self, level: Tensor) -> None:
        """level: (channels,), the RMS of the training latents.

        For the paper's objective one number divides all channels, as the release leaves them as
        they are. Else they come halfway (in decibels) between their own levels and equal ones: as
        they are, the loss of a spectrogram hears the bass alone; made equal, hiss as loud as notes.
        """
        if self.objective == "paper":
            level = level.square().mean().sqrt().expand_as(level)
        level = level.clamp_min(max(1e-3 * float(level.max()), 1e-6))
        self.scale.copy_((level * level.mean()).sqrt()[:, None])

    @property
    def level(self) -> float:
        """The RMS of the training latents, averaged over channels."""
        return float(self.scale.square().mean().sqrt())

    def forward(self, batch: Tensor, draws: Draws | None = None) -> dict[str, Tensor]:
        """batch: (batch, 1 + components, channels, frames), latents of a mixture and of anchors

        (the paper's objective takes none of these) -> the loss and its named terms. Each is a mean
        over the batch; draws: of a batch of which this is a share.
        """
        draws = draws or Draws(len(batch))
        signals = batch / self.scale
        mixture, anchors = signals[:, 0], signals[:, 1:]
        if self.objective == "paper":
            return {"loss": self._mixture_loss(mixture, draws)}
        terms = self._anchor_losses(anchors, draws)
        terms["composition"] = self._composition_loss(mixture, draws)
        loss = terms["rendering"] + terms["composition"]
        return {"loss": loss + self.masking_weight * terms["masking"], **terms}

    def encode(self, latents: Tensor) -> Tensor:
        """latents: (batch, channels, frames) -> (batch, components, component channels, frames)."""
        components: Tensor = self.encoder(latents / self.scale)
        return components

    def regress(self, components: Tensor) -> Tensor:
        """The expected parts: one evaluation at alpha 0; gated, projected back. As for `render`."""
        return self._regress(components) * self.scale

    def render(self, components: Tensor, noise: Tensor, solver: Solver) -> Tensor:
        """Sample each part from its component alone, the mixture unseen.

        components: (batch, components, component channels, frames), noise: (batch, components,
        channels, frames) -> parts, latents like noise.
        """

        network = recorded(lambda blended, alpha: self._predict(blended, alpha, components))
        return sample(network, noise, solver, self.target) * self.scale

    def compose(self, parts: Tensor) -> Tensor:
        """parts: (batch, components, channels, frames) -> latents (batch, channels, frames)."""
        return compose(parts, self.composition, self.exponent, self.coherence)

    def _mixture_loss(self, mixture: Tensor, draws: Draws) -> Tensor:
        """|| compose_i(D(blend(noise, x, alpha), alpha, z_i)) - target ||^2, z = encoder(x)."""
        noise, alpha = draws.normal(mixture), draws.uniform(mixture)
        blended = repeat(blend(noise, mixture, alpha), "batch ... -> batch n ...", n=self.n_latents)
        predictions = self._predict(blended, alpha, self._noisy_components(mixture, draws))
        return F.mse_loss(self.compose(predictions), target_of(noise, mixture, self.target))

    def _anchor_losses(self, anchors: Tensor, draws: Draws) -> dict[str, Tensor]:
        """|| D(blend(noise, a_i, alpha), alpha, z_i) - target ||^2, z = encoder(remix(a)); and

        where alpha is 0, how well the regressed parts share out the remix.
        """
        components = self._noisy_components(self._remix(anchors, draws), draws)
        noise, alpha = draws.normal(anchors), draws.uniform(anchors)
        if self.projection is not None:
            return self._gated_losses(anchors, components, noise, alpha, draws)
        alpha = alpha * (draws.uniform(anchors) >= self.regression_share)
        prediction = self._predict(blend(noise, anchors, alpha), alpha, components)
        rendering = F.mse_loss(prediction, target_of(noise, anchors, self.target))
        if self.masking_weight == 0 or self.regression_share == 0:
            return {"rendering": rendering, "masking": torch.zeros_like(rendering)}
        regressed = data_of(prediction, noise, alpha, self.target)
        errors = share_errors(regressed, anchors, self.exponent).mean(dim=1)
        # Divided by how many are at 0 in expectation, not in this share of a batch: a mean over the
        # batch is then the mean of the shares' means.
        masking = (errors * (alpha == 0)).mean() / self.regression_share
        return {"rendering": rendering, "masking": masking}

    def _gated_losses(
        self, anchors: Tensor, components: Tensor, noise: Tensor, alpha: Tensor, draws: Draws
    ) -> dict[str, Tensor]:
        """As `_anchor_losses`, in expectation: what is projected back costs so little that all of

        the batch regresses, and the denoiser sees its first alone.
        """
        regressed = self._regress(components)
        n_denoised = math.ceil((1 - self.regression_share) * draws.batch_size)
        own = slice(draws.first(n_denoised))
        blended = blend(noise[own], anchors[own], alpha[own])
        prediction = self._predict(blended, alpha[own], components[own])
        errors = prediction - target_of(noise[own], anchors[own], self.target)
        # Their mean over the batch's first, from this share of it.
        n_shared = max(n_denoised, 1) * len(anchors) / draws.batch_size
        denoising = errors.square().flatten(1).mean(dim=1).sum() / n_shared
        regression = LIKE_SQUARES * relative_errors(regressed, anchors).mean()
        masking = torch.zeros_like(regression)
        if self.masking_weight > 0:
            masking = share_errors(regressed, anchors, self.exponent).mean()
        share = self.regression_share
        return {"rendering": share * regression + (1 - share) * denoising, "masking": masking}

    def _remix(self, anchors: Tensor, draws: Draws) -> Tensor:
        """As `compose`, in random phases."""
        if self.interference == 0:
            return self.compose(anchors)
        chance = random_coherence(draws.normal(anchors[:, 0]))
        coherence = (self.coherence + self.interference * chance).clamp(-1, 1)
        return compose(anchors, self.composition, self.exponent, coherence)

    def _composition_loss(self, mixture: Tensor, draws: Draws) -> Tensor:
        """|| compose_i(D(0, 0, z_i)) - x ||^2, z = encoder(x), for the batch's first."""
        n_composed = math.ceil(self.composition_share * draws.batch_size)
        own = mixture[: draws.first(n_composed)]
        composed = self.compose(self._regress(self._noisy_components(own, draws)))
        # Their mean over the batch, from this share of it.
        share = n_composed * len(mixture) / draws.batch_size
        return (composed - own).square().flatten(1).mean(dim=1).sum() / share

    def _noisy_components(self, signal: Tensor, draws: Draws) -> Tensor:
        components: Tensor = self.encoder(signal)
        return components + self.noise * draws.normal(components)

    def _regress(self, components: Tensor) -> Tensor:
        batch, n, _, n_frames = components.shape
        if self.projection is not None:
            return self._positive(self._projected(components))
        # The mean of the noise: a prediction at alpha 0 has nothing to learn from a draw of it.
        noise = components.new_zeros(batch, n, self.n_channels, n_frames)
        alpha = components.new_zeros(batch)
        return data_of(self._predict(noise, alpha, components), noise, alpha, self.target)

    def _predict(self, blended: Tensor, alpha: Tensor, components: Tensor) -> Tensor:
        """blended: (batch, components, channels, frames), alpha: (batch,) -> like blended."""
        n = components.shape[1]
        prediction: Tensor = self.denoiser(
            rearrange(blended, "batch n channels frames -> (batch n) channels frames"),
            repeat(alpha, "batch -> (batch n)", n=n),
            rearrange(components, "batch n channels frames -> (batch n) channels frames"),
        )
        prediction = rearrange(prediction, "(batch n) ... -> batch n ...", n=n)
        if self.projection is not None:
            prediction = prediction + self._projected(components)
        return self._positive(prediction)

    def _projected(self, components: Tensor) -> Tensor:
        assert self.projection is not None
        projected: Tensor = self.projection(components.flatten(0, 1))
        return rearrange(projected, "(batch n) ... -> batch n ...", n=components.shape[1])

    def _positive(self, prediction: Tensor) -> Tensor:
        return F.softplus(prediction) if self.nonnegative else prediction

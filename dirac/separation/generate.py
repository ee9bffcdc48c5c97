"""New components from the prior: of a whole song, or of those that are hidden given the others."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dirac.models.prior import MaskedPrior
from dirac.separation.separator import Separator
from dirac.training.checkpoint import CheckpointError, load_model


class Generator:
    """The trained prior beside the separator whose components it has learnt."""

    def __init__(self, prior: MaskedPrior, separator: Separator, n_steps: int) -> None:
        self.prior, self.separator, self.n_steps = prior.eval(), separator, n_steps

    @classmethod
    def load(cls, folder: Path, separator: Separator, n_steps: int) -> "Generator":
        """Raises CheckpointError if there is no whole prior, or one of other components."""
        state, card = load_model(folder)
        try:
            prior = MaskedPrior(**card["model"])
            prior.load_state_dict(state)
        except (KeyError, TypeError, RuntimeError) as error:
            raise CheckpointError(
                f"{folder / 'card.json'} does not describe the prior beside it "
                f"({str(error).splitlines()[0]}): train it again"
            ) from error
        channels = separator.model.encoder.n_component_channels
        if prior.mean.shape != (separator.n_parts, channels):
            raise CheckpointError(
                f"the prior in {folder} has {tuple(prior.mean.shape)} components and channels, "
                f"the decomposition {(separator.n_parts, channels)}: train the prior again"
            )
        return cls(prior, separator, n_steps)

    def generate(self, n_frames: int, seed: int) -> Tensor:
        """Everything -> components (1, components, channels, frames)."""
        empty = torch.zeros(1, *self.prior.mean.shape, n_frames)
        return self.vary(empty, (), seed)

    @torch.inference_mode()
    def vary(self, components: Tensor, kept: Sequence[int], seed: int) -> Tensor:
        """New partners for the `kept` ones of components (1, components, channels, frames)."""
        hidden = torch.tensor([[n not in kept for n in range(self.prior.n_components)]])
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(components.shape, generator=generator)
        return self.prior.generate(components, hidden, noise, self.n_steps)

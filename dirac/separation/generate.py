"""New components from the prior: of a whole song, or of those that are hidden given the others.

Of any length: beyond what the prior was trained on, in overlapping windows (`diffusion.windows`).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dirac.devices import Parcel
from dirac.diffusion.iadb import Solver
from dirac.model_files import CheckpointError, fill, load_model
from dirac.models.prior import MaskedPrior
from dirac.separation.separator import Separator

PRIOR = "prior"  # its folder, in that of a packed model or beside that of a trained one


def find_prior(model: Path) -> Path:
    """The folder of the prior of a model. Raises CheckpointError, which says how to get one."""
    for folder in (model / PRIOR, model.parent / PRIOR):
        if folder.is_dir():
            return folder
    raise CheckpointError(
        f"the model in {model} has no prior, which draws new components: `dvc repro` trains one of "
        "its own; take --model models/decomposition then, or name the prior's folder by --prior"
    )


class Generator:
    """The trained prior of a separator's components, and how it is sampled.

    n_frames: the longest that the prior is asked for at once, the crop that it was trained on.
    """

    def __init__(self, prior: MaskedPrior, solver: Solver, n_frames: int) -> None:
        self.prior, self.solver, self.n_frames = prior.eval(), solver, n_frames

    def __reduce__(self) -> tuple[type["Generator"], tuple[Parcel, Solver, int]]:
        prior = Parcel(self.prior, self.prior.mean.device.type)
        return Generator, (prior, self.solver, self.n_frames)

    @classmethod
    def load(cls, folder: Path, separator: Separator) -> "Generator":
        """Sampled as the separator's settings say.

        Raises CheckpointError if there is no whole prior, or one of other components.
        """
        return cls._load(folder, separator.component_shape, separator)

    @classmethod
    def of_latents(cls, folder: Path, separator: Separator) -> "Generator":
        """A plain latent diffusion: the latents of the separator's codec are its one component.

        Raises CheckpointError as `load`.
        """
        return cls._load(folder, (1, separator.codec.n_channels), separator)

    def generate(self, n_frames: int, seed: int) -> Tensor:
        """Everything -> components (1, components, channels, frames)."""
        empty = self.prior.mean.new_zeros(1, *self.prior.mean.shape, n_frames)
        return self.vary(empty, (), seed)

    @torch.inference_mode()
    def vary(self, components: Tensor, kept: Sequence[int], seed: int) -> Tensor:
        """New partners for the `kept` ones of components (1, components, channels, frames)."""
        device = components.device
        hidden = [[n not in kept for n in range(self.prior.n_components)]]
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(components.shape, generator=generator).to(device)
        mask = torch.tensor(hidden, device=device)
        return self.prior.generate(components, mask, noise, self.solver, self.n_frames)

    @classmethod
    def _load(cls, folder: Path, shape: tuple[int, int], separator: Separator) -> "Generator":
        """shape: of the components that it must know, (components, channels of each)."""
        state, card = load_model(folder)
        try:
            prior, n_frames = MaskedPrior(**card["model"]), card["n_frames"]
            fill(prior, state)
        except (KeyError, TypeError, RuntimeError) as error:
            raise CheckpointError(
                f"{folder / 'card.json'} does not describe the prior beside it "
                f"({str(error).splitlines()[0]}): train it again"
            ) from error
        if (known := tuple(prior.mean.shape)) != shape:
            raise CheckpointError(
                f"the prior in {folder} knows {known[0]} components of {known[1]} channels, the "
                f"decomposition makes {shape[0]} of {shape[1]}: train the prior again"
            )
        return cls(prior.to(separator.device), separator.settings.prior_solver, n_frames)

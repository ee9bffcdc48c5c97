"""Stage 5: the prior. Trains a masked diffusion model on the components of the mixtures."""

import argparse
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from dirac.command import behave_as_command
from dirac.data.components import ComponentDataset, encode_store, read_components
from dirac.model_files import card_of, fill, load_model
from dirac.models.decomposition import Decomposition
from dirac.models.exchange import with_exchanged
from dirac.models.prior import MaskedPrior
from dirac.params import load_params
from dirac.scratch import publish
from dirac.training.session import fit, shared_session
from dirac.training.trainer import TrainSettings

OF_THE_MODEL = {"target", "hide_all", "denoiser"}
N_SCALED = 10_000  # excerpts at most by which components are scaled: more change nothing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--decomposition", type=Path, required=True, help="folder of the model")
    parser.add_argument("--output", type=Path, required=True, help="folder of the prior")
    arguments = parser.parse_args()

    params = load_params()
    stores = [arguments.train, arguments.validation]
    used = params.model_dump(mode="json", include={"seed", "prior"})
    files = [*stores, arguments.decomposition / "model.safetensors"]
    written = params.model_dump(mode="json")
    with shared_session("train_prior", used, files, written) as (session, processes):
        decomposition = load_decomposition(arguments.decomposition).to(processes.device)
        encode = partial(views_of, decomposition, exchanged=params.prior.exchanged)
        encoded = [session.folder / f"{split}.npy" for split in ("train", "validation")]
        if processes.is_main:
            for path, target in zip(stores, encoded, strict=True):
                encode_store(path, encode, processes.device, target)
        processes.wait()
        training, validation = (read_components(path) for path in encoded)
        card = {
            "model": {
                "n_components": training.shape[2],
                "n_component_channels": training.shape[3],
                **params.prior.model_dump(mode="json", include=OF_THE_MODEL),
            },
            "n_frames": params.prior.n_frames,
            "decomposition": load_model(arguments.decomposition)[1]["sha256"],
            "params": used,
        }
        torch.manual_seed(params.seed)
        model = MaskedPrior(**card["model"])
        model.fit_scale(training[:: len(training) // N_SCALED + 1, 0])
        settings = TrainSettings.of(params.prior, params.seed)
        datasets = (
            ComponentDataset(training, params.prior.n_frames),
            ComponentDataset(validation, params.prior.n_frames),
        )
        finished = fit(session, processes, model, datasets, settings, card)
        if processes.is_main:
            publish(finished, arguments.output)


def views_of(decomposition: Decomposition, latents: Tensor, exchanged: bool) -> Tensor:
    """(batch, views, components, component channels, frames): two views, or one."""
    if exchanged:
        return with_exchanged(decomposition, latents)
    return decomposition.encode(latents)[:, None]


def load_decomposition(folder: Path) -> Decomposition:
    weights, card = load_model(folder)
    with card_of(folder):
        decomposition = Decomposition.of_card(card["model"])
    fill(decomposition, weights)
    return decomposition.eval()


if __name__ == "__main__":
    behave_as_command()
    main()

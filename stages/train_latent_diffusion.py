"""Stage 6: a plain latent diffusion, which the prior is compared with.

It is the prior of one component, the latents of the mixture themselves: the same network, loop,
budget and sampling, and no decomposition.
"""

import argparse
from pathlib import Path

import torch

from dirac.command import behave_as_command
from dirac.data.components import OneComponent
from dirac.data.store import LatentStore
from dirac.models.prior import MaskedPrior
from dirac.params import load_params
from dirac.scratch import publish
from dirac.training.session import fit, shared_session
from dirac.training.trainer import TrainSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()

    params = load_params()
    stores = [arguments.train, arguments.validation]
    used = params.model_dump(mode="json", include={"seed", "prior"})
    written = params.model_dump(mode="json")
    with shared_session("train_latent_diffusion", used, stores, written) as (session, processes):
        meta = LatentStore(arguments.train).meta
        card = {
            "model": {
                "n_components": 1,
                "n_component_channels": meta.n_channels,
                "hide_all": 1.0,
                **params.prior.model_dump(mode="json", include={"target", "denoiser"}),
            },
            "codec": meta.codec,
            "n_frames": params.prior.n_frames,
            "params": used,
        }
        torch.manual_seed(params.seed)
        model = MaskedPrior(**card["model"])
        model.set_scale(torch.tensor([meta.mean]), torch.tensor([meta.std]))
        settings = TrainSettings.of(params.prior, params.seed)
        training, validation = (OneComponent(path, params.prior.n_frames) for path in stores)
        finished = fit(session, processes, model, (training, validation), settings, card)
        if processes.is_main:
            publish(finished, arguments.output)


if __name__ == "__main__":
    behave_as_command()
    main()

"""Stage 4: the prior. Trains a masked diffusion model on the components of the mixtures."""

import argparse
from pathlib import Path

import torch

from dirac.data.components import ComponentDataset, encode_store
from dirac.models.decomposition import Decomposition
from dirac.models.prior import MaskedPrior
from dirac.params import load_params
from dirac.scratch import discard, fingerprint, project_root, publish, scratch_folder
from dirac.training.checkpoint import load_model
from dirac.training.distributed import distributed
from dirac.training.session import Session, fit
from dirac.training.trainer import TrainSettings


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
    code = fingerprint(used, [*stores, arguments.decomposition / "model.safetensors"])
    folder = scratch_folder("train_prior", code)
    session = Session("train_prior", folder, code, params.model_dump(mode="json"), project_root())
    with distributed() as processes:
        weights, made_as = load_model(arguments.decomposition)
        decomposition = Decomposition(**made_as["model"])
        decomposition.load_state_dict(weights)
        decomposition.eval()
        components = [encode_store(path, decomposition.encode) for path in stores]
        torch.manual_seed(params.seed)
        prior_settings = params.prior.model_dump(
            mode="json", include={"target", "hide_all", "denoiser"}
        )
        _, n_components, n_component_channels, _ = components[0].shape
        architecture = {
            "n_components": n_components,
            "n_component_channels": n_component_channels,
            **prior_settings,
        }
        model = MaskedPrior(**architecture)
        model.fit_scale(components[0])
        train_set, validation_set = (ComponentDataset(x, params.prior.n_frames) for x in components)
        settings = params.prior.model_dump(exclude={"target", "hide_all", "denoiser", "n_frames"})
        card = {
            "model": architecture,
            "n_frames": params.prior.n_frames,
            "params": used,
        }
        finished = fit(
            session,
            processes,
            model,
            (train_set, validation_set),
            TrainSettings(seed=params.seed, **settings),
            card,
        )
        if processes.is_main:
            publish(finished, arguments.output)
            discard(folder)


if __name__ == "__main__":
    main()

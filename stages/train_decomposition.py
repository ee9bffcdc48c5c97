"""Stage 3: the decomposition. Trains encoder and shared denoiser on mixtures alone."""

import argparse
from pathlib import Path

import torch

from dirac.data.anchors import remix_datasets
from dirac.data.store import LatentStore
from dirac.models.decomposition import Decomposition
from dirac.params import Params, load_params
from dirac.scratch import discard, fingerprint, project_root, publish, scratch_folder
from dirac.training.distributed import distributed
from dirac.training.session import Session, fit
from dirac.training.trainer import TrainSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()

    params = load_params()
    used = params.model_dump(mode="json", include={"seed", "model", "train"})
    code = fingerprint(used, [arguments.train, arguments.validation])
    folder = scratch_folder("train_decomposition", code)
    session = Session(
        "train_decomposition", folder, code, params.model_dump(mode="json"), project_root()
    )
    with distributed() as processes:
        store = LatentStore(arguments.train)
        card = make_card(params, store)
        torch.manual_seed(params.seed)
        model = Decomposition(**card["model"])
        model.set_scale(torch.tensor(store.meta.rms))
        datasets = remix_datasets(
            arguments.train,
            arguments.validation,
            params.model.n_latents if params.train.objective == "anchored" else 0,
            params.train.n_frames,
            params.train.anchors,
            params.seed,
        )
        settings = params.train.model_dump(exclude={"objective", "regression_share", "anchors", "n_frames"})
        finished = fit(
            session, processes, model, datasets, TrainSettings(seed=params.seed, **settings), card
        )
        if processes.is_main:
            publish(finished, arguments.output)
            discard(folder)


def make_card(params: Params, store: LatentStore) -> dict[str, object]:
    """All one needs to build the model, feed it and know where it comes from."""
    meta = store.meta
    return {
        "model": {
            "n_channels": meta.n_channels,
            "exponent": meta.exponent,
            "objective": params.train.objective,
            "regression_share": params.train.regression_share,
            **params.model.model_dump(mode="json"),
        },
        "codec": meta.codec,
        "sample_rate": meta.sample_rate,
        "frame_rate": meta.frame_rate,
        "n_frames": params.train.n_frames,
        "data": meta.data_name,
        "sources": list(meta.sources),
        "params": params.model_dump(mode="json", include={"seed", "model", "train"}),
    }


if __name__ == "__main__":
    main()

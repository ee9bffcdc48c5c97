"""Stage 3: the decomposition. Trains encoder and shared denoiser on mixtures alone.

With train.objective supervised it is the upper comparator, which alone is shown true stems.
"""

import argparse
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dirac.command import behave_as_command
from dirac.data.anchors import remix_datasets
from dirac.data.stems import StemDataset
from dirac.data.store import LatentStore, StoreMeta
from dirac.model_files import CODEC, copy_model, has_model
from dirac.models.decomposition import Decomposition
from dirac.params import Params, load_params
from dirac.scratch import fingerprint, project_root, publish, work_folder
from dirac.training.batches import KeyedDataset
from dirac.training.distributed import distributed
from dirac.training.session import Session, fit
from dirac.training.trainer import TrainSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--codec", type=Path, help="folder of the codec, by train_codec")
    parser.add_argument("--output", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()

    params = load_params()
    used = params.model_dump(mode="json", include={"seed", "model", "train"})
    del used["train"]["n_processes"]  # any number has the same result
    key = fingerprint(used, [arguments.train, arguments.validation])
    with work_folder("train_decomposition", key) as folder, distributed() as processes:
        session = Session(
            "train_decomposition", folder, key, params.model_dump(mode="json"), project_root()
        )
        meta = LatentStore(arguments.train).meta
        card = make_card(params, meta)
        torch.manual_seed(params.seed)
        model = Decomposition(**card["model"])
        model.set_scale(torch.tensor(meta.rms))
        training, validation = make_datasets(params, arguments.train, arguments.validation)
        settings = TrainSettings(
            seed=params.seed,
            **params.train.model_dump(include={field.name for field in fields(TrainSettings)}),
        )
        picture = partial(draw_parts, mixture=validation[0, 0.5][:1])
        finished = fit(session, processes, model, (training, validation), settings, card, picture)
        if processes.is_main:
            if has_model(arguments.codec):
                copy_model(arguments.codec, finished / CODEC)
            publish(finished, arguments.output)


def make_datasets(
    params: Params, train: Path, validation: Path
) -> tuple[KeyedDataset, KeyedDataset]:
    """Training and validation data of the objective; stems for the supervised one alone."""
    chosen, n = params.train, params.model.n_latents
    level = n if params.model.composition == "mean" else 1  # of what sounds alone in a mixture
    if chosen.objective == "supervised":
        training, checking = (
            StemDataset(path, chosen.n_frames, chosen.anchors.gain_db, level / n)
            for path in (train, validation)
        )
        return training, checking
    return remix_datasets(
        train,
        validation,
        n if chosen.objective == "anchored" else 0,
        chosen.n_frames,
        chosen.anchors,
        level,
        params.seed,
    )


@torch.no_grad()
def draw_parts(model: Decomposition, mixture: Tensor) -> Tensor:
    """A mixture (1, channels, frames) and its parts side by side: (channels, frames together)."""
    mixture = mixture.to(model.scale.device)
    parts = model.regress(model.encode(mixture))[0]
    return torch.cat([*mixture, *parts], dim=1).cpu()


def make_card(params: Params, meta: StoreMeta) -> dict[str, Any]:
    """All one needs to build the model, feed it and know where it comes from."""
    return {
        "model": {
            "n_channels": meta.n_channels,
            "exponent": meta.exponent,
            "objective": params.train.objective,
            "regression_share": params.train.regression_share,
            "masking_weight": params.train.masking_weight,
            "composition_share": params.train.composition_share,
            **params.model.model_dump(mode="json"),
        },
        "codec": meta.codec,
        "sample_rate": meta.sample_rate,
        "frame_rate": meta.frame_rate,
        "n_frames": params.train.n_frames,
        "saw_stems": params.train.objective == "supervised",
        "data": meta.data_name,
        "sources": list(meta.sources),
        "params": params.model_dump(mode="json", include={"seed", "model", "train"}),
    }


if __name__ == "__main__":
    behave_as_command()
    main()

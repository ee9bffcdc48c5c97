"""Stage 3: the latents. Cuts the tracks into excerpts and encodes them, one LMDB per split."""

import argparse
from dataclasses import fields
from pathlib import Path

import torch

from dirac.audio.codecs import load_codec
from dirac.command import behave_as_command
from dirac.data.caching import (
    ExcerptLatents,
    Selection,
    cache_split,
    states_of_stems,
)
from dirac.data.collections import find_tracks
from dirac.data.excerpts import select_excerpts
from dirac.data.splits import SPLITS
from dirac.data.tracks import check_sources, tracks_with
from dirac.devices import CPU, all_devices
from dirac.model_files import has_model
from dirac.params import load_params
from dirac.scratch import fingerprint, from_root, project_root, publish, work_folder
from dirac.training.tracking import track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--codec", type=Path, help="folder of the codec, by train_codec")
    parser.add_argument("--output", type=Path, required=True, help="folder of the stores")
    arguments = parser.parse_args()

    params = load_params()
    data, settings = params.data, params.codec
    found = find_tracks(data.name, arguments.data)
    check_sources(found, data.sources)
    tracks = tracks_with(found, data.sources)
    codec = load_codec(
        settings.name,
        weights=arguments.codec if has_model(arguments.codec) else from_root(settings.weights),
        quantized=settings.quantized,
        bandwidth=settings.bandwidth,
        spectrogram=settings.spectrogram,
    )
    selection = Selection(**data.model_dump(include={field.name for field in fields(Selection)}))
    used = {
        "data": data.model_dump(mode="json", exclude={"synthetic"}),
        "codec": settings.model_dump(mode="json"),
        "tracks": states_of_stems(tracks, data.sources),
        "speeds": params.train.anchors.speeds,
    }
    weights = [arguments.codec / "card.json"] if has_model(arguments.codec) else []
    with work_folder("cache_latents", fingerprint(used, weights)) as scratch:
        sizes = {}
        for split in SPLITS:
            limit = getattr(data.max_excerpts, split)
            speeds = params.train.anchors.speeds if split == "train" else ()
            excerpts = select_excerpts(tracks, split, data.duration_seconds, limit)
            sizes[f"excerpts/{split}"] = cache_split(
                ExcerptLatents(tracks, excerpts, codec, selection, settings.dtype, speeds),
                scratch / f"{split}.lmdb",
                torch.get_num_threads(),
                data_name=data.name,
                codec_settings=settings.model_dump(mode="json", exclude={"weights"}),
                devices=[CPU] if settings.name == "spectrogram" else all_devices(),
            )
        with track("cache_latents", params.model_dump(mode="json"), project_root()) as tracker:
            tracker.summary(sizes)
        for split in SPLITS:
            publish(scratch / f"{split}.lmdb", arguments.output / f"{split}.lmdb")


if __name__ == "__main__":
    behave_as_command()
    main()

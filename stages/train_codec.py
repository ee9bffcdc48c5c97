"""Stage 2: the codec's weights. Those of encodec_mini that ship with dirac, or trained here.

Training (train_codec.run) hears the mixtures alone, never a stem; it goes on from codec.weights if
these are named. Other codecs have no weights of ours: their card says so.
"""

import argparse
from pathlib import Path

import torch

from dirac.audio.encodec_mini import EncodecMini, find_weights
from dirac.command import behave_as_command
from dirac.data.caching import states_of_stems
from dirac.data.collections import find_tracks
from dirac.data.excerpts import select_excerpts
from dirac.data.tracks import Track, check_sources, tracks_with
from dirac.data.waveforms import WaveformDataset
from dirac.model_files import copy_model, fill, load_model, write_json
from dirac.models.autoencoder import Autoencoder
from dirac.params import Params, load_params
from dirac.scratch import check_start, fingerprint, from_root, publish, work_folder
from dirac.training.batches import BatchError
from dirac.training.distributed import distributed
from dirac.training.session import fit, shared_session
from dirac.training.trainer import TrainSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--output", type=Path, required=True, help="folder of the codec")
    arguments = parser.parse_args()

    params = load_params()
    check_start("codec.weights", named_weights(params), arguments.output)
    if params.codec.name == EncodecMini.name and params.train_codec.run:
        train(params, arguments.data, arguments.output)
    else:
        provide(params, arguments.output)


def provide(params: Params, output: Path) -> None:
    """A copy of the weights that are there, or of other codecs a card alone."""
    used = {"name": params.codec.name, "weights": str(params.codec.weights)}
    with work_folder("train_codec", fingerprint(used, [])) as folder, distributed() as processes:
        if not processes.is_main:
            return
        if params.codec.name == EncodecMini.name:
            copy_model(find_weights(named_weights(params)), folder / "codec")
        else:
            write_json(folder / "codec" / "card.json", {"name": params.codec.name})
        publish(folder / "codec", output)


def named_weights(params: Params) -> Path | None:
    return from_root(params.codec.weights)


def train(params: Params, data: Path, output: Path) -> None:
    chosen, sources = params.train_codec, params.data.sources
    found = find_tracks(params.data.name, data)
    check_sources(found, sources)
    tracks = tracks_with(found, sources)
    used = params.model_dump(mode="json", include={"seed", "data", "train_codec"})
    start = named_weights(params)
    begun = load_model(find_weights(start)) if start else None
    files = [start / "card.json"] if start else []
    determined = used | {"tracks": states_of_stems(tracks, sources)}
    written = params.model_dump(mode="json")
    with shared_session("train_codec", determined, files, written) as (session, processes):
        check_pairs(chosen.batch_size, processes.world_size)
        torch.manual_seed(params.seed)
        network = chosen.network.model_dump(mode="json")
        codec = EncodecMini(**network)
        model = Autoencoder(codec, chosen.gain_db, chosen.noise, chosen.spectrum_weight)
        if begun:
            fill(codec, begun[0])
        settings = TrainSettings.of(chosen, params.seed)
        card = {
            "name": codec.name,
            "network": network,
            "data": params.data.name,
            "sources": list(sources),
            "saw_stems": False,
            "begun_with": begun and begun[1]["sha256"],
            "params": used,
        }
        training = make_dataset(params, tracks, "train")
        validation = make_dataset(params, tracks, "validation")
        finished = fit(session, processes, model, (training, validation), settings, card)
        if processes.is_main:
            publish(finished, output)


def check_pairs(batch_size: int, n_processes: int) -> None:
    """Raises BatchError unless a process has pairs of the batch to average, the same ones as one

    process alone would take.
    """
    if n_processes > 1 and batch_size % (2 * n_processes):
        raise BatchError(
            f"train_codec.batch_size is {batch_size}, and each of {n_processes} processes averages "
            f"pairs of its share: take a multiple of {2 * n_processes}, or fewer processes by NPROC"
        )


def make_dataset(params: Params, tracks: list[Track], split: str) -> WaveformDataset:
    data = params.data
    limit = getattr(data.max_excerpts, split)
    excerpts = select_excerpts(tracks, split, data.duration_seconds, limit)
    n_samples = params.train_codec.n_frames * EncodecMini.hop
    return WaveformDataset(tracks, excerpts, data.sources, n_samples, EncodecMini.sample_rate)


if __name__ == "__main__":
    behave_as_command()
    main()

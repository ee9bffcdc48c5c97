"""Stage 7: the evaluation. Scores ours, the baselines and the upper bounds; audio to hear."""

import argparse
import shutil
from pathlib import Path

import torch

from dirac.assembly import load_separator
from dirac.command import behave_as_command
from dirac.data.caching import states_of_stems
from dirac.data.collections import find_tracks
from dirac.data.store import LatentStore
from dirac.evaluation.complete import evaluate
from dirac.evaluation.ours import Ours, check_codec
from dirac.evaluation.results import summary_metrics
from dirac.evaluation.scores import Settings
from dirac.evaluation.signals import Signals
from dirac.evaluation.songs import Songs
from dirac.model_files import load_model
from dirac.params import load_params
from dirac.scratch import fingerprint, project_root, publish, work_folder
from dirac.separation.generate import Generator
from dirac.separation.untrained import forget
from dirac.training.tracking import track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--test", type=Path, required=True, help="store of the test latents")
    parser.add_argument("--decomposition", type=Path, required=True, help="folder of the model")
    parser.add_argument("--prior", type=Path, required=True, help="folder of the model")
    parser.add_argument("--latent-diffusion", type=Path, required=True, help="folder of the model")
    parser.add_argument("--output", type=Path, required=True, help="folder of the reports")
    arguments = parser.parse_args()

    params = load_params()
    torch.set_num_threads(1)  # as in the processes that it starts, for the same bits
    meta, chosen = LatentStore(arguments.test).meta, params.evaluate
    check_codec(meta, arguments.test, arguments.decomposition)
    separator = load_separator(params, arguments.decomposition)
    prior = Generator.load(arguments.prior, separator)
    plain = Generator.of_latents(arguments.latent_diffusion, separator)
    tracks = [t for t in find_tracks(meta.data_name, arguments.data) if t.split == "test"]
    settings = Settings(
        sources=meta.sources,
        sample_rate=separator.codec.sample_rate,
        window_seconds=chosen.window_seconds,
        hop_seconds=chosen.hop_seconds,
        silence_db=params.data.silence_db,
    )
    origins = {excerpt.name: excerpt.track for excerpt in meta.excerpts}

    used = params.model_dump(mode="json", include={"seed", "evaluate"})
    used |= {"silence_db": settings.silence_db, "tracks": states_of_stems(tracks, meta.sources)}
    folders = {
        "decomposition": arguments.decomposition,
        "prior": arguments.prior,
        "latent_diffusion": arguments.latent_diffusion,
    }
    models = {name: load_model(folder)[1]["sha256"] for name, folder in folders.items()}
    files = [f / name for f in folders.values() for name in ("model.safetensors", "card.json")]
    files += [arguments.train, arguments.test]
    with work_folder("evaluate", fingerprint(used, files)) as scratch:
        signals, untrained = (
            Signals(scratch / "signals"),
            forget(separator, arguments.decomposition),
        )
        ours = Ours(separator, untrained, signals, list(origins), params.seed, chosen.n_processes)
        ours.read(meta, tracks)
        finished = scratch / "finished"
        shutil.rmtree(finished, ignore_errors=True)
        with track("evaluate", params.model_dump(mode="json"), project_root(), scratch) as tracker:
            songs, training = Songs(ours, prior, plain), LatentStore(arguments.train)
            metrics = evaluate(songs, training, chosen, settings, origins, models, finished)
            tracker.summary(summary_metrics(metrics))
            for name, sha256 in models.items():
                tracker.tag(f"sha256.{name}", sha256)
            for name in ("metrics.json", "table.csv", "plots", "listening/generation"):
                if (finished / name).exists():  # without recompositions there is no generation
                    tracker.exhibit(finished / name)
            tracker.exhibit(min((finished / "listening" / "excerpts").iterdir()))
        for path in sorted(finished.iterdir()):
            publish(path, arguments.output / path.name)


if __name__ == "__main__":
    behave_as_command()
    main()

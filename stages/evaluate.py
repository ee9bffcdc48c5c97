"""Stage 5: the evaluation. Scores ours, the baselines and the upper bounds; audio to hear."""

import argparse
import shutil
from functools import partial
from pathlib import Path

import torch

from dirac.assembly import load_separator
from dirac.command import behave_as_command
from dirac.data.caching import states_of_stems
from dirac.data.collections import find_tracks
from dirac.data.store import LatentStore
from dirac.evaluation.generation import score_generation
from dirac.evaluation.listening import Listening
from dirac.evaluation.methods import Method, oracle_mask, separate_mixture
from dirac.evaluation.ours import METHODS, Ours, check_codec
from dirac.evaluation.results import summary_metrics, write_results
from dirac.evaluation.run import evaluate_separation
from dirac.evaluation.scores import Settings
from dirac.evaluation.signals import Signals
from dirac.params import Params, load_params
from dirac.scratch import fingerprint, project_root, publish, work_folder
from dirac.separation.baselines import hpss, mixture_shares, nmf
from dirac.separation.generate import Generator
from dirac.training.tracking import track


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--test", type=Path, required=True, help="store of the test latents")
    parser.add_argument("--decomposition", type=Path, required=True, help="folder of the model")
    parser.add_argument("--prior", type=Path, required=True, help="folder of the model")
    parser.add_argument("--output", type=Path, required=True, help="folder of the reports")
    arguments = parser.parse_args()

    params = load_params()
    torch.set_num_threads(1)  # as in the processes that it starts, for the same bits
    meta = LatentStore(arguments.test).meta
    check_codec(meta, arguments.test, arguments.decomposition)
    separator = load_separator(params, arguments.decomposition)
    generator = Generator.load(arguments.prior, separator, params.evaluate.n_sampling_steps)
    tracks = [t for t in find_tracks(meta.data_name, arguments.data) if t.split == "test"]

    used = params.model_dump(mode="json", include={"seed", "evaluate"})
    used |= {"silence_db": params.data.silence_db, "tracks": states_of_stems(tracks, meta.sources)}
    models = [
        folder / name
        for folder in (arguments.decomposition, arguments.prior)
        for name in ("model.safetensors", "card.json")
    ]
    with work_folder("evaluate", fingerprint(used, [arguments.test, *models])) as scratch:
        names = [excerpt.name for excerpt in meta.excerpts]
        ours = Ours(
            separator, Signals(scratch / "signals"), names, params.seed, params.evaluate.n_processes
        )
        ours.read(meta, tracks)
        finished = scratch / "finished"
        shutil.rmtree(finished, ignore_errors=True)
        with track("evaluate", params.model_dump(mode="json"), project_root(), scratch) as tracker:
            metrics = evaluate(params, ours, generator, meta.sources, finished)
            tracker.summary(summary_metrics(metrics))
            tracker.artifact(finished / "metrics.json")
            tracker.artifact(finished / "table.csv")
        for path in sorted(finished.iterdir()):
            publish(path, arguments.output / path.name)


def evaluate(
    params: Params, ours: Ours, generator: Generator, sources: tuple[str, ...], finished: Path
) -> dict[str, object]:
    """Everything that goes into the folder `finished` -> the contents of its metrics.json."""
    chosen, codec = params.evaluate, ours.separator.codec
    n_frames = round(chosen.generated_seconds * codec.frame_rate)
    ours.separate()
    settings = Settings(
        sources=sources,
        sample_rate=codec.sample_rate,
        window_seconds=chosen.window_seconds,
        hop_seconds=chosen.hop_seconds,
        silence_db=params.data.silence_db,
    )
    methods = dict.fromkeys(METHODS) | baselines(params, len(sources))
    documents = evaluate_separation(
        ours.signals, ours.excerpts, methods, settings, chosen.n_processes
    )
    measured = {
        "reconstruction": ours.score_reconstruction(),
        "generation": score_generation(ours, generator, chosen.n_generated, n_frames),
    }
    Listening(
        finished / "listening", ours, documents, chosen.n_examples, chosen.n_recompositions
    ).write(generator, n_frames)
    return write_results(documents, ours.signals, sources, measured, finished)


def baselines(params: Params, n_sources: int) -> dict[str, Method]:
    chosen = params.evaluate
    separators = {
        "mixture": partial(mixture_shares, n_parts=n_sources),
        "hpss": partial(hpss, **chosen.hpss.model_dump(), power=chosen.mask.power),
        "nmf": partial(nmf, **chosen.nmf.model_dump(), n_parts=n_sources, seed=params.seed),
    }
    methods: dict[str, Method] = {
        name: partial(separate_mixture, separate) for name, separate in separators.items()
    }
    return methods | {"oracle": partial(oracle_mask, **chosen.mask.model_dump())}


if __name__ == "__main__":
    behave_as_command()
    main()

"""A whole evaluation: every method scored, the model measured, examples to hear, all files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.captured import capture
from dirac.evaluation.generation import score_generation
from dirac.evaluation.intervals import Bootstrap
from dirac.evaluation.listening import Listening
from dirac.evaluation.ours import METHODS, Ours
from dirac.evaluation.results import OURS, write_json, write_results
from dirac.evaluation.run import evaluate_separation
from dirac.evaluation.scores import Settings
from dirac.sections import Evaluate
from dirac.separation.generate import Generator


def evaluate(
    ours: Ours,
    generator: Generator,
    chosen: Evaluate,
    settings: Settings,
    songs: Mapping[str, str],
    models: Mapping[str, str],
    folder: Path,
) -> dict[str, Any]:
    """Writes everything that an evaluation leaves into `folder` -> the contents of metrics.json.

    songs: of each excerpt, the song it was cut from; models: the sha256 of the weights, by name.
    """
    n_frames = round(chosen.generated_seconds * ours.separator.codec.frame_rate)
    ours.separate()
    methods = dict.fromkeys(METHODS) | make_baselines(chosen, len(settings.sources), ours.seed)
    documents = evaluate_separation(
        ours.signals, ours.excerpts, methods, settings, chosen.n_processes
    )
    measured: dict[str, Mapping[str, Any]] = {
        "models": models,
        "reconstruction": ours.score_reconstruction(),
        "generation": score_generation(ours, generator, chosen.n_generated, n_frames),
    }
    listening = Listening(
        folder / "listening",
        ours,
        documents,
        chosen.n_examples,
        chosen.n_extremes,
        chosen.n_recompositions,
    )
    listening.write(generator, n_frames)
    captured = capture(
        ours.signals,
        ours.excerpts,
        OURS,
        settings.sources,
        settings.sample_rate,
        settings.silence_db,
    )
    write_json(captured, folder / "captured.json")
    bootstrap = Bootstrap(**chosen.bootstrap.model_dump(), seed=ours.seed)
    return write_results(
        documents, ours.signals, (songs, bootstrap), settings.sources, measured, folder
    )

"""A whole evaluation: every method scored, the model measured, examples to hear, all files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dirac.data.store import LatentStore
from dirac.evaluate_section import Evaluate
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.captured import capture
from dirac.evaluation.clap import Clap
from dirac.evaluation.generation import Clips, score_generation
from dirac.evaluation.intervals import Bootstrap
from dirac.evaluation.listening import Listening
from dirac.evaluation.ours import METHODS, PARTS, Ours
from dirac.evaluation.plots import draw_spectrograms
from dirac.evaluation.results import OURS, average, write_json, write_reconstruction, write_results
from dirac.evaluation.run import evaluate_separation
from dirac.evaluation.scores import Document, Settings
from dirac.evaluation.songs import Songs
from dirac.scratch import from_root


def evaluate(
    songs: Songs,
    training: LatentStore,
    chosen: Evaluate,
    settings: Settings,
    origins: Mapping[str, str],
    models: Mapping[str, str],
    folder: Path,
) -> dict[str, Any]:
    """Writes everything that an evaluation leaves into `folder` -> the contents of metrics.json.

    songs: of our models; training: what these were trained on; origins: of each excerpt, the song
    it was cut from; models: the sha256 of the weights, by name. Where the mixtures are of one
    source, as those of a folder of songs, there is nothing to separate, and nothing to score but
    how the parts make the mixture again.
    """
    clap = Clap(from_root(chosen.clap)) if chosen.clap else None
    ours = songs.ours
    rate = ours.separator.codec.frame_rate
    clips = Clips(
        n=min(chosen.n_generated, len(ours.excerpts)),
        n_frames=round(chosen.clip_seconds * rate),
        window=round(chosen.embedding_seconds * rate),
    )
    is_separable = len(settings.sources) > 1
    ours.separate(METHODS if is_separable else PARTS)
    documents = score_separation(ours, chosen, settings) if is_separable else []
    reconstructed = {excerpt: ours.score_reconstruction(excerpt) for excerpt in ours.excerpts}
    measured: dict[str, Mapping[str, Any]] = {
        "models": models,
        "reconstruction": average(reconstructed),
        "generation": score_generation(songs, training, clips, clap),
    }
    listening = Listening(
        folder / "listening",
        ours,
        documents,
        chosen.n_examples,
        chosen.n_extremes,
        chosen.n_recompositions,
    )
    listening.write(songs, round(chosen.generated_seconds * rate))
    draw_spectrograms(folder / "listening", folder / "plots" / "spectrograms.png")
    captured = capture(
        ours.signals,
        ours.excerpts,
        OURS,
        settings.sources,
        settings.sample_rate,
        settings.silence_db,
    )
    write_json(captured, folder / "captured.json")
    if not is_separable:
        return write_reconstruction(reconstructed, measured, folder)
    bootstrap = Bootstrap(**chosen.bootstrap.model_dump(), seed=ours.seed)
    return write_results(
        documents, ours.signals, (origins, bootstrap), settings.sources, measured, folder
    )


def score_separation(ours: Ours, chosen: Evaluate, settings: Settings) -> list[Document]:
    """Of our model, the baselines and the bounds on every excerpt."""
    methods = dict.fromkeys(METHODS) | make_baselines(chosen, len(settings.sources), ours.seed)
    return evaluate_separation(ours.signals, ours.excerpts, methods, settings, chosen.n_processes)

"""Scores the trained model and the baselines on synthetic songs of another seed.

    python benchmarks/unseen_songs.py --seed 1

Mean SI-SDR in dB over the excerpts in which all sources sound, one assignment for the whole set.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from study_scores import mean_scores

from dirac.assembly import open_separator
from dirac.cli.options import count
from dirac.command import behave_as_command
from dirac.data.collections import find_tracks
from dirac.data.excerpts import excerpts_of
from dirac.data.synthetic import Making, make_dataset
from dirac.data.tracks import read_sources
from dirac.evaluation.assignment import Table, score_subsets
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.methods import Method, separate_mixture
from dirac.evaluation.signals import find_silent
from dirac.model_files import load_model
from dirac.params import load_params


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=count, required=True, help="of the songs, from 1 on")
    parser.add_argument("--model", type=Path, default=Path("models/decomposition"))
    arguments = parser.parse_args()
    params = load_params()
    chosen, songs, n = params.evaluate, params.data.synthetic, len(params.data.sources)
    check_sources(arguments.model, params.data.sources)
    separator = open_separator(arguments.model)
    rate = separator.codec.sample_rate
    methods: dict[str, Method] = {"refined": partial(separate_mixture, separator.refined)}
    methods |= make_baselines(chosen, n, params.seed)
    tables: dict[str, list[Table]] = {name: [] for name in methods}
    every = np.ones(n, dtype=bool)
    with tempfile.TemporaryDirectory() as folder:
        n_songs = {"train": 1, "validation": 1, "test": songs.n_songs.test}
        root = Path(folder) / "songs"
        making = Making(**songs.model_dump(exclude={"seed", "n_songs"}))
        make_dataset(root, arguments.seed, n_songs, making)
        for track in (t for t in find_tracks("synthetic", root) if t.split == "test"):
            for excerpt in excerpts_of([track], params.data.duration_seconds):
                start, seconds = excerpt.start_seconds, excerpt.duration_seconds
                stems = read_sources(track, params.data.sources, start, seconds, rate, 1) / n
                if find_silent(stems, params.data.silence_db).any():
                    continue
                for name, method in methods.items():
                    tables[name].append(score_subsets(method(stems, rate), stems, every))
    for name, found in tables.items():
        scores = mean_scores(found, params.data.sources)
        print(f"{name:10} {scores['mean']:6.2f} dB over {len(found)} excerpts")


def check_sources(model: Path, sources: Sequence[str]) -> None:
    """Raises SystemExit where the model was trained on others."""
    trained_on = load_model(model)[1]["sources"]
    if list(trained_on) != list(sources):
        raise SystemExit(
            f"error: {model} was trained on {', '.join(trained_on)}, and data.sources are "
            f"{', '.join(sources)}: name another --model, or run `dvc repro`"
        )


if __name__ == "__main__":
    behave_as_command()
    main()

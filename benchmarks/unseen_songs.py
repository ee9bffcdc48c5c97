"""Scores the trained model and the baselines on synthetic songs of another seed.

    python benchmarks/unseen_songs.py --seed 1

Mean SI-SDR in dB over the excerpts in which all sources sound, one assignment for the whole set.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from dirac.assembly import load_separator
from dirac.data.slakh import find_tracks
from dirac.data.synthetic import Making, make_dataset
from dirac.data.tracks import excerpts_of, read_sources
from dirac.evaluation.assignment import apply_assignment, best_assignment, score_subsets
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.methods import Method, separate_mixture
from dirac.evaluation.signals import find_silent
from dirac.metrics.separation import si_sdr
from dirac.params import load_params


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="of the songs")
    parser.add_argument("--model", type=Path, default=Path("models/decomposition"))
    arguments = parser.parse_args()
    params = load_params()
    chosen, songs, n = params.evaluate, params.data.synthetic, len(params.data.sources)
    separator = load_separator(params, arguments.model)
    rate = separator.codec.sample_rate
    methods: dict[str, Method] = {"refined": partial(separate_mixture, separator.refined)}
    methods |= make_baselines(chosen, n, params.seed)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    with tempfile.TemporaryDirectory() as folder:
        n_songs = {"train": 1, "validation": 1, "test": songs.n_songs.test}
        root = Path(folder) / "songs"
        making = Making(**songs.model_dump(exclude={"seed", "n_songs"}))
        make_dataset(root, arguments.seed, n_songs, making)
        references = []
        for track in (t for t in find_tracks(root) if t.split == "test"):
            for excerpt in excerpts_of(track, params.data.duration_seconds):
                start, seconds = excerpt.start_seconds, excerpt.duration_seconds
                stems = read_sources(track, params.data.sources, start, seconds, rate, 1) / n
                if find_silent(stems, params.data.silence_db).any():
                    continue
                references.append(stems)
                for name, method in methods.items():
                    parts[name].append(method(stems, rate))
    every = np.ones(n, dtype=bool)
    for name, found in parts.items():
        pairs = list(zip(found, references, strict=True))
        fixed = best_assignment([score_subsets(p, stems, every) for p, stems in pairs])
        scores = [si_sdr(apply_assignment(fixed, p, s)[0], s).mean() for p, s in pairs]
        print(f"{name:10} {np.mean(scores):6.2f} dB over {len(scores)} excerpts")


if __name__ == "__main__":
    main()

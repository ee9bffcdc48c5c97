"""Scores a model and the baselines on songs of your own that have stems.

    python benchmarks/multitracks.py FOLDER --sources drums bass

FOLDER/SONG/drums.wav, bass.wav ... (or .flac, .mp3, .ogg), of one sample rate, are made mono. Of
each song the seconds are taken in which the softest source is loudest; songs whose sources differ
by more than --within-db there are left out, and counted. Mean SI-SDR in dB, one assignment of parts
to sources for all songs; the baselines have the settings of params.yaml.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from study_scores import mean_scores

from dirac.assembly import open_separator
from dirac.audio.files import read_audio
from dirac.command import behave_as_command
from dirac.data.errors import DataError
from dirac.evaluation.assignment import score_subsets
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.methods import Method, Signal, separate_mixture
from dirac.packaged import default_model
from dirac.params import load_params

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", nargs="+", default=["drums", "bass"])
    parser.add_argument("--songs", nargs="+", help="names of some; without it, all")
    parser.add_argument("--model", type=Path, help="folder; without it, the packaged one")
    parser.add_argument("--seconds", type=float, default=14.0, help="of each song")
    parser.add_argument("--within-db", type=float, default=10.0)
    arguments = parser.parse_args()
    songs = read_songs(arguments)
    model = arguments.model or default_model()
    params = load_params()
    separator = open_separator(model)
    methods: dict[str, Method] = {"refined": partial(separate_mixture, separator.refined)}
    methods |= make_baselines(params.evaluate, len(arguments.sources), params.seed)
    every = np.ones(len(arguments.sources), dtype=bool)
    for name, method in methods.items():
        tables = [
            score_subsets(method(stems, rate), stems, every) for stems, rate in songs.values()
        ]
        scores = mean_scores(tables, arguments.sources)
        print(f"{name:10}", "  ".join(f"{key} {value:6.2f}" for key, value in scores.items()))


def read_songs(arguments: argparse.Namespace) -> dict[str, tuple[Signal, int]]:
    """By name: shares of the mixture (sources, 1, time), and the sample rate."""
    songs: dict[str, tuple[Signal, int]] = {}
    left_out = 0
    for folder in sorted(path for path in arguments.folder.iterdir() if path.is_dir()):
        files = [find_file(folder, source) for source in arguments.sources]
        if (arguments.songs and folder.name not in arguments.songs) or None in files:
            continue
        stems, rate = read_stems([file for file in files if file is not None], arguments.seconds)
        levels = np.sqrt(np.square(stems).mean(axis=(1, 2)))
        if levels.min() < 1e-4 or 20 * np.log10(levels.max() / levels.min()) > arguments.within_db:
            left_out += 1
        else:
            songs[folder.name] = (stems / len(stems), rate)
    if not songs:
        raise DataError(f"{arguments.folder} has no song with {', '.join(arguments.sources)}")
    print(f"{len(songs)} songs, {left_out} left out: {', '.join(songs)}")
    return songs


def find_file(folder: Path, source: str) -> Path | None:
    candidates = (folder / f"{source}{suffix}" for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def read_stems(files: list[Path], seconds: float) -> tuple[Signal, int]:
    """(sources, 1, time) of the seconds in which the softest source is loudest."""
    read = [read_audio(file) for file in files]
    rate = read[0][1]
    if any(other != rate for _, other in read):
        raise DataError(f"the files of {files[0].parent} differ in sample rate")
    length = min(waveform.shape[-1] for waveform, _ in read)
    stems = np.stack([waveform[:, :length].mean(axis=0, keepdims=True) for waveform, _ in read])
    n_samples = round(seconds * rate)
    starts = range(0, max(1, length - n_samples + 1), rate)
    power = [np.square(stems[..., s : s + n_samples]).mean(axis=(1, 2)).min() for s in starts]
    start = starts[int(np.argmax(power))]
    return stems[..., start : start + n_samples], rate


if __name__ == "__main__":
    behave_as_command()
    main()

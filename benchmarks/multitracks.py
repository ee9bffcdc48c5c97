"""Scores a model and the baselines on songs of your own that have stems.

    python benchmarks/multitracks.py FOLDER --sources drums bass

FOLDER/SONG/drums.wav, bass.wav ... (or .flac, .mp3, .ogg), of one sample rate, are made mono. Of
each song the seconds are taken in which the softest source is loudest; songs whose sources differ
by more than --within-db there are left out, and counted. Mean SI-SDR in dB, one assignment of parts
to sources for all songs; the baselines have the settings of params.yaml.

    python benchmarks/multitracks.py FOLDER --learn 400

scores beside the model what it is after it has heard a song, each by itself: all of its mixture and
no stem, by `dirac learn` with so many steps. These models are kept in --work by what determines
them (songs, model, steps, our code), so that a killed call goes on.
"""

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from study_scores import mean_scores, scores_by

from dirac.assembly import open_separator
from dirac.audio.files import read_audio, write_audio
from dirac.cli.main import main as dirac
from dirac.command import behave_as_command
from dirac.data.errors import DataError
from dirac.evaluation.assignment import Table, best_assignment, score_subsets
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.methods import Method, Signal, separate_mixture
from dirac.model_files import load_model
from dirac.packaged import default_model
from dirac.params import load_params
from dirac.scratch import fingerprint

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
    parser.add_argument("--learn", type=int, metavar="STEPS")
    parser.add_argument("--work", type=Path, default=Path("learnt"))
    arguments = parser.parse_args()
    songs = read_songs(arguments)
    model = arguments.model or default_model()
    separator = open_separator(model)
    refined = partial(separate_mixture, separator.refined)
    tables = {"refined": {name: score(refined, song) for name, song in songs.items()}}
    if arguments.learn:
        tables["learnt"] = {
            name: score(hear_song(name, model, arguments), song) for name, song in songs.items()
        }
        print_each(tables, arguments.sources)
    else:
        params = load_params()
        baselines = make_baselines(params.evaluate, len(arguments.sources), params.seed)
        for method, separate in baselines.items():
            tables[method] = {name: score(separate, song) for name, song in songs.items()}
    for method, of_songs in tables.items():
        scores = mean_scores([*of_songs.values()], arguments.sources)
        print(f"{method:10}", "  ".join(f"{key} {value:6.2f}" for key, value in scores.items()))


def score(method: Method, song: tuple[Signal, int]) -> Table:
    stems, rate = song
    return score_subsets(method(stems, rate), stems, np.ones(len(stems), dtype=bool))


def hear_song(name: str, model: Path, arguments: argparse.Namespace) -> Method:
    """The model, after it has heard the mixture of all of a song."""
    files = find_stems(arguments.folder / name, arguments.sources)
    chosen = {"model": load_model(model)[1]["sha256"], "steps": arguments.learn}
    folder = arguments.work / f"{name}-{fingerprint(chosen, files)[:12]}"
    if not folder.exists():
        stems, rate = read_stems(files)
        mixture = folder.with_name(f"{folder.name}.wav")
        mixture.parent.mkdir(parents=True, exist_ok=True)
        write_audio(mixture, stems.mean(axis=0), rate)
        steps = str(arguments.learn)
        dirac(["learn", str(mixture), "-o", str(folder), "--model", str(model), "--steps", steps])
    return partial(separate_mixture, open_separator(folder).refined)


def print_each(tables: Mapping[str, Mapping[str, Table]], sources: Sequence[str]) -> None:
    """Of each song the mean over its sources, by each method, with the assignment for all songs."""
    fixed = {method: best_assignment([*songs.values()]) for method, songs in tables.items()}
    for name in next(iter(tables.values())):
        means = {
            method: scores_by(fixed[method], [songs[name]], sources)["mean"]
            for method, songs in tables.items()
        }
        print("  ".join(f"{method} {mean:6.2f}" for method, mean in means.items()), "", name)


def read_songs(arguments: argparse.Namespace) -> dict[str, tuple[Signal, int]]:
    """By name: shares of the mixture (sources, 1, time), and the sample rate."""
    songs: dict[str, tuple[Signal, int]] = {}
    left_out = 0
    for folder in sorted(path for path in arguments.folder.iterdir() if path.is_dir()):
        files = find_stems(folder, arguments.sources)
        if (arguments.songs and folder.name not in arguments.songs) or not files:
            continue
        whole, rate = read_stems(files)
        stems = loudest(whole, round(arguments.seconds * rate), rate)
        levels = np.sqrt(np.square(stems).mean(axis=(1, 2)))
        if levels.min() < 1e-4 or 20 * np.log10(levels.max() / levels.min()) > arguments.within_db:
            left_out += 1
        else:
            songs[folder.name] = (stems / len(stems), rate)
    if not songs:
        raise DataError(f"{arguments.folder} has no song with {', '.join(arguments.sources)}")
    print(f"{len(songs)} songs, {left_out} left out: {', '.join(songs)}")
    return songs


def find_stems(folder: Path, sources: Sequence[str]) -> list[Path]:
    """The file of each source; none if one is missing."""
    found = [[folder / f"{source}{suffix}" for suffix in SUFFIXES] for source in sources]
    files = [next((path for path in paths if path.is_file()), None) for paths in found]
    return [file for file in files if file is not None] if None not in files else []


def read_stems(files: Sequence[Path]) -> tuple[Signal, int]:
    """(sources, 1, time), as long as the shortest, and the sample rate."""
    read = [read_audio(file) for file in files]
    rate = read[0][1]
    if any(other != rate for _, other in read):
        raise DataError(f"the files of {files[0].parent} differ in sample rate")
    length = min(waveform.shape[-1] for waveform, _ in read)
    return np.stack([audio[:, :length].mean(axis=0, keepdims=True) for audio, _ in read]), rate


def loudest(stems: Signal, n_samples: int, step: int) -> Signal:
    """The samples in which the softest source is loudest, of those that begin at each `step`."""
    starts = range(0, max(1, stems.shape[-1] - n_samples + 1), step)
    power = [np.square(stems[..., s : s + n_samples]).mean(axis=(1, 2)).min() for s in starts]
    start = starts[int(np.argmax(power))]
    return stems[..., start : start + n_samples]


if __name__ == "__main__":
    behave_as_command()
    main()

"""Trains and scores settings of params.yaml with several seeds, on the same excerpts.

    python benchmarks/study.py --runs default:0,1,2 drums-piano:0 three+supervised:0

A run is a setting and a seed: `default` is params.yaml as it stands; the others are those of
settings.yaml, or several of them joined by +. Each run is added to the output (as
dirac/reporting/study.py reads it, and more) when it is done: a killed study goes on with the same
command, and two at once share the work and the output. A run whose params have changed since is
made again; one whose code alone has changed is kept (`versions` says what made it).

Scores are means of SI-SDR in dB over the test excerpts in which all sources sound, one assignment
of parts to sources for the whole set; `scores` has those by the best of each excerpt too.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from study_files import digest, make_params, read_json, record, table, write_json
from study_scores import Excerpts, blind_names, score_methods, sets_of_methods
from study_stages import Training, run_stage, train

from dirac.assembly import load_separator
from dirac.command import behave_as_command
from dirac.data.caching import states_of_stems
from dirac.data.collections import find_tracks
from dirac.data.splits import SPLITS
from dirac.data.store import LatentStore
from dirac.data.tracks import check_sources
from dirac.params import Params, load_params
from dirac.separation.untrained import forget
from dirac.training.provenance import flatten

Run = tuple[str, int]  # setting and seed

FOLDERS = ("codec.weights", "train.start")  # whose names alone are told


@dataclass(frozen=True)
class Study:
    """data: folder of the data set; work: folder of all runs; output: the JSON file."""

    data: Path
    work: Path
    output: Path
    n_threads: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", nargs="+", required=True, metavar="SETTING:SEED,SEED")
    parser.add_argument("--output", type=Path, default=Path("docs/study.json"))
    parser.add_argument(
        "--data", type=Path, default=Path("data/raw"), help="folder of the data set"
    )
    parser.add_argument("--work", type=Path, default=Path(".study"), help="folder of all runs")
    parser.add_argument("--threads", type=int, default=1, help="of each training")
    arguments = parser.parse_args()
    runs = [run for text in arguments.runs for run in parse_runs(text)]
    data, work, output = (p.resolve() for p in (arguments.data, arguments.work, arguments.output))
    study = Study(data, work, output, arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        for setting, seed in runs:  # a wrong one is told before hours of work, not after
            check(make_params(Path(folder), setting, seed), setting)
    torch.set_num_threads(study.n_threads)
    for run in runs:
        perform(study, *run)
    print(table(read_json(study.output, [])))


def parse_runs(text: str) -> list[Run]:
    """ "default:0,1" -> [("default", 0), ("default", 1)]. Raises SystemExit if it is not so."""
    setting, _, seeds = text.rpartition(":")
    if not setting or not all(seed.isdecimal() for seed in seeds.split(",")):
        raise SystemExit(f"error: {text!r} is no run: write a setting and seeds as default:0,1")
    return [(setting, int(seed)) for seed in seeds.split(",")]


def check(params: Params, setting: str) -> None:
    """Raises SystemExit for what cannot be scored or would be trained on other songs than said."""
    project = load_params().data
    if (params.data.name, params.data.synthetic) != (project.name, project.synthetic):
        written = " and ".join(f"`dirac settings {name}`" for name in setting.split("+"))
        raise SystemExit(
            f"error: {setting} asks for another data set: {written}, then `dvc repro download`, "
            "then the same command"
        )
    if params.train_codec.run:
        raise SystemExit(
            f"error: {setting} trains its codec, which a study does not: `dvc repro train_codec`, "
            "then a copy of models/codec in codec.weights and train_codec.run: false"
        )
    if len(params.data.sources) < 2:
        raise SystemExit(f"error: {setting} has one source: there is no separation to score")


def perform(study: Study, setting: str, seed: int) -> None:
    """Trains and scores one run and records it, unless that has been done."""
    folder = study.work / f"{setting}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        params = make_params(folder, setting, seed)
        key = digest(params.model_dump(mode="json", exclude={"prior", "report"}))
        known = {(run["setting"], run["seed"]): run for run in read_json(study.output, [])}
        if known.get((setting, seed), {}).get("key") == key:
            print(f"{setting}, seed {seed}: done")
            return
        print(f"{setting}, seed {seed}: in {folder}", flush=True)
        latents = cache_latents(study, params)
        training = train(folder, params, latents, study.n_threads)
        measured = score(study, folder, params, latents)
        entry = {"setting": setting, "seed": seed, "sources": list(params.data.sources), "key": key}
        entry |= {"changes": changes(params)} | measured | describe(training)
        chosen = params.train
        entry |= {"n_steps": chosen.n_first_steps + chosen.n_rounds * chosen.n_steps}
        entry |= {"n_songs": n_songs(LatentStore(latents / "train.lmdb"))}
        record(study.output, entry)
        print(table([entry]), flush=True)


def cache_latents(study: Study, params: Params) -> Path:
    """The folder of the stores of these sources of this data set and codec, made once."""
    tracks = find_tracks(params.data.name, study.data)
    check_sources(tracks, params.data.sources)
    used = {
        "data": params.data.model_dump(mode="json", exclude={"synthetic"}),
        "codec": params.codec.model_dump(mode="json"),
        "tracks": states_of_stems(tracks, params.data.sources),
        "speeds": params.train.anchors.speeds,
    }
    name = "+".join(params.data.sources)
    shared = study.work / "sources" / f"{name}-{digest(used)[:12]}"
    shared.mkdir(parents=True, exist_ok=True)
    with FileLock(shared / "lock"):
        stores = [shared / "latents" / f"{split}.lmdb" for split in SPLITS]
        if not all(store.exists() for store in stores):
            write_json(shared / "params.yaml", params.model_dump(mode="json"))  # JSON is YAML
            arguments = ("--data", str(study.data), "--output", str(shared / "latents"))
            run_stage("cache_latents", arguments, shared, study.n_threads)
    return shared / "latents"


def score(study: Study, folder: Path, params: Params, latents: Path) -> dict[str, Any]:
    """What our model, and what all else reaches on the same excerpts.

    The baselines and bounds are scored once for all runs of the same sources; they take the seed
    of params.yaml.
    """
    model, meta = folder / "models" / "decomposition", LatentStore(latents / "test.lmdb").meta
    separator = load_separator(params, model)
    excerpts = Excerpts.find(study.data, meta, separator.codec, params.data.silence_db)
    project_seed = load_params().seed
    ours, others = sets_of_methods(separator, forget(separator, model), params, project_seed)
    used = [params.evaluate.model_dump(mode="json"), params.data.duration_seconds, project_seed]
    name = f"scores-{digest(used)[:12]}.json"
    scores = score_methods(folder / name, ours, excerpts)
    path = latents.with_name(name)
    with FileLock(path.with_suffix(".lock")):
        scores |= score_methods(path, others, excerpts)
    return {
        "si_sdr": {name: scores["refined"][name] for name in ("mean", *params.data.sources)},
        "baselines": {name: scores[name]["mean"] for name in blind_names(scores)},
        "oracle": scores["codec_oracle"]["mean"],
        "oracle_mask": scores["codec_mask"]["mean"],
        "scores": scores,
        "n_excerpts": len(excerpts.numbers),
        "n_parameters": sum(weight.numel() for weight in separator.model.parameters()),
    }


def changes(params: Params) -> dict[str, str]:
    """What differs from params.yaml, but for the seed, by dotted key."""
    before, after = (flatten(p.model_dump(mode="json")) for p in (load_params(), params))
    keys = [key for key in after if before[key] != after[key] and key != "seed"]
    return {key: Path(after[key]).name if key in FOLDERS else after[key] for key in keys}


def n_songs(store: LatentStore) -> int:
    """Of how many songs its excerpts are."""
    return len({excerpt.track for excerpt in store.meta.excerpts})


def describe(training: Training) -> dict[str, Any]:
    return {
        "train_seconds": round(training["seconds"], 1),
        "train_cpu_seconds": round(training["cpu_seconds"], 1),
        "n_threads": training["n_threads"],
        "n_attempts": training["n_attempts"],
        "versions": training["versions"],
    }


if __name__ == "__main__":
    behave_as_command()
    main()

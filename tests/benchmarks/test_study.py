"""The study of seeds and settings: its table, resumption and lock; and all of it in miniature."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dirac.evaluation.assignment import score_subsets
from dirac.metrics.separation import si_sdr
from dirac.params import load_params
from dirac.settings import SettingsError, apply

PROJECT = Path(__file__).parents[2]
MODULES = ("study", "study_files", "study_scores", "study_stages")


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The script and its parts, which lie in no package."""
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    yield SimpleNamespace(**{name: __import__(name) for name in MODULES})
    for name in MODULES:
        sys.modules.pop(name)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("params.yaml", "settings.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entry(setting: str, seed: int, mean: float, **baselines: float) -> dict[str, object]:
    found = {"setting": setting, "seed": seed, "si_sdr": {"mean": mean}, "oracle": 12.0}
    if setting == "default":
        found["oracle_mask"] = 10.0
    return found | {"baselines": baselines or {"hpss": 6.0, "nmf": 4.0}}


def test_the_table_holds_the_seeds_beside_the_bounds(modules: SimpleNamespace) -> None:
    runs = [entry("default", 0, 7.0), entry("three", 0, 1.0), entry("default", 1, 9.0)]
    _, default, three = modules.study_files.table(runs).splitlines()
    assert default.split() == [
        "default", "2", "8.00", "7.00", "9.00", "6.00", "2.00", "12.00", "4.00", "10.00", "hpss",
    ]  # fmt: skip
    assert three.split()[:3] == ["three", "1", "1.00"]
    assert three.split()[-2:] == ["nan", "hpss"]


def test_the_best_baseline_is_that_of_the_highest_mean(modules: SimpleNamespace) -> None:
    runs = [entry("default", 0, 7.0, hpss=9.0, nmf=6.0), entry("default", 1, 7.0, hpss=1.0, nmf=6)]
    values, best = modules.study_files.summarize(runs)
    assert (best, values[3], values[4]) == ("nmf", 6.0, 1.0)


def test_two_at_once_lose_no_run(modules: SimpleNamespace, tmp_path: Path) -> None:
    output = tmp_path / "docs" / "study.json"
    with ThreadPoolExecutor(8) as pool:
        entries = [entry("default", seed, float(seed)) for seed in range(40)]
        list(pool.map(lambda run: modules.study_files.record(output, run), entries))
    assert {run["seed"] for run in json.loads(output.read_text())} == set(range(40))
    assert list(output.parent.iterdir()) == [output]


def test_a_run_made_again_takes_its_own_place(modules: SimpleNamespace, tmp_path: Path) -> None:
    for seed, mean in ((0, 1.0), (1, 2.0), (0, 3.0)):
        modules.study_files.record(tmp_path / "study.json", entry("default", seed, mean))
    runs = json.loads((tmp_path / "study.json").read_text())
    assert [(run["seed"], run["si_sdr"]["mean"]) for run in runs] == [(0, 3.0), (1, 2.0)]


def test_params_of_a_run(modules: SimpleNamespace, project: Path) -> None:
    (project / "run").mkdir()
    params = modules.study_files.make_params(project / "run", "three+supervised", 7)
    assert (params.seed, params.model.n_latents, params.train.objective) == (7, 3, "supervised")
    assert modules.study.changes(params) == {
        "data.sources": "[drums, bass, piano]",
        "model.n_latents": "3",
        "train.n_steps": "1800",
        "train.learning_rate": "0.004",
        "train.n_first_steps": "0",
        "train.bootstrapped": "0",
        "train.anchors.share": "0.03",
        "train.anchors.presence": "0.95",
        "train.anchors.lopsided": "0.7",
        "train.anchors.alike": "true",
        "train.anchors.apart": "0.1",
        "train.anchors.by_song": "true",
        "train.anchors.speeds": "[0.625, 0.8, 1.25, 1.6, 2]",
        "train.objective": "supervised",
    }
    with pytest.raises(SettingsError, match="no settings 'four'"):
        modules.study_files.make_params(project / "run", "four", 0)


def test_other_songs_are_not_taken_for_those_of_a_setting(
    modules: SimpleNamespace, project: Path
) -> None:
    (project / "run").mkdir()
    params = modules.study_files.make_params(project / "run", "drums4", 0)
    with pytest.raises(SystemExit, match="drums4 asks for another data set"):
        modules.study.check(params, "drums4")
    apply("drums4", project / "params.yaml")
    modules.study.check(params, "drums4")


def test_a_codec_of_its_own_training_is_none_of_a_study(
    modules: SimpleNamespace, project: Path
) -> None:
    (project / "run").mkdir()
    apply("codec", project / "params.yaml")
    params = modules.study_files.make_params(project / "run", "default", 0)
    with pytest.raises(SystemExit, match="default trains its codec, which a study does not"):
        modules.study.check(params, "default")


def test_runs_are_settings_and_seeds(modules: SimpleNamespace) -> None:
    assert modules.study.parse_runs("three:0,12") == [("three", 0), ("three", 12)]
    for wrong in ("three", "three:", "three:a", ":1"):
        with pytest.raises(SystemExit, match="is no run"):
            modules.study.parse_runs(wrong)


def test_one_assignment_for_the_whole_set(modules: SimpleNamespace) -> None:
    random, every = np.random.default_rng(0), np.ones(2, dtype=bool)
    references = random.standard_normal((3, 2, 1, 500))
    parts = references[:, ::-1] + 0.1 * random.standard_normal((3, 2, 1, 500))
    tables = [score_subsets(p, r, every) for p, r in zip(parts, references, strict=True)]
    found = modules.study_scores.mean_scores(tables, ["drums", "bass"])
    expected = np.mean(
        [si_sdr(p[::-1, 0], r[:, 0]) for p, r in zip(parts, references, strict=True)], 0
    )
    assert [found["drums"], found["bass"]] == pytest.approx(expected, abs=1e-3)
    assert found["mean"] == pytest.approx(expected.mean(), abs=1e-3)


def test_the_best_assignment_of_each_excerpt(modules: SimpleNamespace) -> None:
    random, every = np.random.default_rng(0), np.ones(2, dtype=bool)
    references = random.standard_normal((3, 2, 1, 500))
    parts = references + 0.1 * random.standard_normal((3, 2, 1, 500))
    expected = np.mean([si_sdr(p[:, 0], r[:, 0]) for p, r in zip(parts, references, strict=True)])
    parts[1] = parts[1, ::-1]  # which one assignment for all does not forgive
    tables = [score_subsets(p, r, every) for p, r in zip(parts, references, strict=True)]
    found = modules.study_scores.each_best(tables, ["drums", "bass"])
    assert found == pytest.approx(expected, abs=1e-3)
    assert modules.study_scores.mean_scores(tables, ["drums", "bass"])["mean"] < expected - 5


def test_known_scores_are_not_made_again(modules: SimpleNamespace, tmp_path: Path) -> None:
    known = {"hpss": {"mean": 1.0}, "nmf": {"mean": 2.0}}
    (tmp_path / "scores.json").write_text(json.dumps(known))
    never = {"nmf": lambda number: pytest.fail("made again")}
    found = modules.study_scores.score_methods(tmp_path / "scores.json", never, None)
    assert found == {"nmf": {"mean": 2.0}}


def test_a_training_goes_on_and_its_time_adds_up(
    modules: SimpleNamespace, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = load_params()
    calls = []

    def stage(name: str, arguments: list[str], folder: Path, n_threads: int, keep) -> None:
        calls.append(name)
        keep(100.0, 90.0)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(modules.study_stages, "run_stage", stage)
    with pytest.raises(KeyboardInterrupt):
        modules.study_stages.train(project, params, project / "latents", 1)
    for _ in range(2):
        training = modules.study_stages.train(project, params, project / "latents", 1)
    assert len(calls) == 2
    assert (training["seconds"], training["cpu_seconds"], training["n_attempts"]) == (200, 180, 2)
    again = modules.study_stages.train(project, params, project / "others", 1)
    assert (again["seconds"], again["n_attempts"]) == (100.0, 1)


def test_a_stage_that_fails_says_why(modules: SimpleNamespace, project: Path) -> None:
    with pytest.raises(SystemExit, match=r"No such file.*\n.*nothing failed, see .*nothing\.log"):
        modules.study_stages.run_stage("nothing", [], project, 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_of_it_in_miniature(project: Path) -> None:
    apply("tiny", project / "params.yaml", project / "settings.yaml")
    download = (str(PROJECT / "stages" / "download.py"), "--output", "data/raw")
    study = (str(PROJECT / "benchmarks" / "study.py"), "--runs", "default:0")
    for command in (download, study):
        subprocess.run((sys.executable, *command), cwd=project, check=True)
    found = json.loads((project / "docs" / "study.json").read_text())
    assert set(found[0]["si_sdr"]) == {"mean", "drums", "bass"}
    assert found[0]["baselines"]["mixture"] < found[0]["oracle"]
    assert found[0]["n_songs"] == len(list((project / "data" / "raw" / "train").iterdir()))
    again = subprocess.run(
        (sys.executable, *study), cwd=project, check=True, capture_output=True, text=True
    )
    assert "default, seed 0: done" in again.stdout
    assert json.loads((project / "docs" / "study.json").read_text()) == found

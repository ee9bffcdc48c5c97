"""The whole graph in miniature, as a user runs it: DVC, every stage, MLflow, the report."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from .pipeline import clone, environment, run, stages_run

SEED = int(os.environ.get("DIRAC_SEED", "0"))  # chooses the stages in which it is killed
N_KILLS = 2
PATIENCE = 600  # seconds in which a stage begins, on a machine however busy
CHAIN = ["download", "train_codec", "cache_latents", "train_decomposition", "train_prior"]
CHAIN += ["evaluate"]  # each needs those before it
OF_MODEL = ["train_decomposition", "train_prior", "evaluate", "render_report"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The pipeline, run once."""
    project = clone(tmp_path_factory.mktemp("clone") / "dirac")
    run(project, "dvc", "repro")
    return project


def test_every_output_is_there(project):
    for split in ("train", "validation", "test"):
        assert (project / f"data/latents/{split}.lmdb").stat().st_size > 0
    for model in ("decomposition", "prior", "latent_diffusion"):
        assert (project / f"models/{model}/model.safetensors").exists()
        assert (project / f"models/{model}/validation.csv").read_text().startswith("step,loss")
    metrics = json.loads((project / "reports/metrics.json").read_text())
    ours = {"refined", "decoded", "regressed", "untrained"}
    bounds = {"codec", "oracle", "codec_oracle", "codec_mask"}
    blind = {"mixture", "hpss", "nmf", "repet_sim", "fourier_2d", "robust_pca"}
    methods = ours | bounds | blind
    assert set(metrics["separation"]) == set(metrics["separation_best"]) == methods
    page = (project / "reports/index.html").read_text()
    assert page.count('<script type="text/plain" id=') > 10  # clips to hear
    assert not list((project / ".scratch").glob("*/*")), "a finished stage leaves nothing behind"


def test_git_sees_no_output_but_the_figures(project):
    changed = {line[3:] for line in run(project, "git", "status", "--porcelain").splitlines()}
    assert changed == {
        "dvc.lock",
        "reports/captured.json",
        "reports/metrics.json",
        "reports/table.csv",
    }


def test_metrics_and_plots_are_dvcs(project):
    assert "refined" in run(project, "dvc", "metrics", "show")
    assert "plots" in run(project, "dvc", "plots", "show", "--out", "plots_page")


def test_a_second_run_does_nothing(project):
    before = (project / "dvc.lock").read_text()
    assert stages_run(run(project, "dvc", "repro")) == []
    assert (project / "dvc.lock").read_text() == before


def installed(project: Path) -> Path:
    """`make` there takes the environment of the tests for the project's own."""
    (project / ".venv").mkdir(exist_ok=True)
    (project / ".venv/.installed").touch()
    return project


def test_killed_in_any_stage_it_ends_the_same(project, tmp_path):
    killed = installed(clone(tmp_path / "killed"))
    random = np.random.default_rng(SEED)
    for number in sorted(random.choice(len(CHAIN), N_KILLS, replace=False)):
        repro = subprocess.Popen(
            ["dvc", "repro"],
            cwd=killed,
            env=environment(killed),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(killed / ".scratch", f"{CHAIN[number]}-*", repro)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(repro.pid, signal.SIGKILL)
            repro.wait()
    run(killed, "make", "repro")
    assert (killed / "dvc.lock").read_text() == (project / "dvc.lock").read_text()


def wait_for(folder: Path, pattern: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(folder.glob(pattern)):
        assert process.poll() is None, f"it ended before there was {pattern}"
        assert time.monotonic() < deadline, f"no {pattern}"
        time.sleep(0.02)


def test_a_lock_that_a_kill_cut_stops_nothing(project):
    (project / ".dvc/tmp/rwlock").write_text('{"write": {"data/raw": {"pid": 1, "c')
    assert stages_run(run(installed(project), "make", "repro")) == []


def test_results_that_a_kill_cut_come_from_the_cache(project):
    """All but those of which git has figures, which are not in the cache."""
    lock = project / "dvc.lock"
    before = lock.read_text()
    lock.write_text(before[: before.index("md5", len(before) // 4) - 2])
    run(installed(project), "make", "whole_locks")
    assert stages_run(run(project, "dvc", "repro", "train_prior")) == []
    stages, expected = (YAML(typ="safe").load(text)["stages"] for text in (lock, before))
    assert "train_prior" in stages
    assert stages.items() <= expected.items()
    lock.write_text(before)


def test_runs_are_tracked_under_one_parent(project):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    (experiment,) = (e for e in client.search_experiments() if e.name == "dirac")
    runs = client.search_runs([experiment.experiment_id])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert len(parents) == 1
    assert {r.info.run_name for r in runs if r not in parents} >= {
        "cache_latents",
        "train_decomposition",
        "train_prior",
        "train_latent_diffusion",
        "evaluate",
    }
    assert parents[0].data.params["model.n_latents"] == "2"
    metrics, tags = parents[0].data.metrics, parents[0].data.tags
    assert {"si_sdr/mean", "sir/mean", "sdr/mean", "generation/frechet_generated"} <= metrics.keys()
    assert tags["dirac.command"].endswith("dvc repro")
    assert tags["dirac.dirty"] == "false"
    lock = YAML(typ="safe").load(project / "dvc.lock")["stages"]
    assert tags["dvc.data/raw"] == lock["download"]["outs"][0]["md5"]
    card = json.loads((project / "models/prior/card.json").read_text())
    assert tags["sha256.prior"] == card["sha256"]
    shown = {file.path for file in client.list_artifacts(parents[0].info.run_id)}
    assert {"index.html", "metrics.json", "plots", "generation"} <= shown


def test_a_changed_param_reruns_its_stages_only(project):
    output = run(project, "dvc", "exp", "run", "-S", "model.n_latents=3")
    assert stages_run(output) == OF_MODEL
    output = run(project, "dvc", "exp", "run", "-S", "report.mp3_kbps=48")
    assert stages_run(output) == OF_MODEL[3:]
    # What has been run before comes from the cache.
    output = run(project, "dvc", "exp", "run", "-S", "model.n_latents=2", "train_prior")
    assert stages_run(output) == []

"""How a run can be made again, told from git, DVC and the params."""

import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dirac.training import provenance

PARAMS = {"seed": 0, "data": {"root": None, "seconds": 7.0}, "model": {"channels": [96, 96]}}
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one commit, in which the process is."""
    for name in ("DVC_EXP_BASELINE_REV", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dirac").mkdir()
    (tmp_path / "dirac" / "code.py").write_text("x = 1\n")
    YAML().dump(PARAMS, tmp_path / "params.yaml")
    git("init", "--quiet")
    git("add", ".")
    git(*IDENTITY, "commit", "--quiet", "--message", "all")
    return tmp_path


def test_params_are_written_as_dvc_takes_them() -> None:
    params = {"model": {"kernel": 3, "channels": (1, 2)}, "root": None, "on": True, "lr": 1e-3}
    assert provenance.flatten(params) == {
        "model.kernel": "3",
        "model.channels": "[1, 2]",
        "root": "null",
        "on": "true",
        "lr": "0.001",
    }


def test_the_command_sets_what_differs_from_the_revision(project: Path) -> None:
    at = f"git checkout {git('rev-parse', 'HEAD')[:12]} && "
    assert provenance.command(PARAMS) == at + "dvc repro"
    changed = PARAMS | {"data": {"root": "/my music", "seconds": 7}, "model": {"channels": [8]}}
    assert provenance.command(changed) == (
        at + "dvc exp run -S 'data.root=/my music' -S 'model.channels=[8]'"
    )


def test_changed_code_is_seen_and_kept_and_other_files_are_not(project: Path) -> None:
    (project / "notes.txt").write_text("mine")
    assert not provenance.is_dirty()
    assert provenance.changes() == ""
    (project / "dirac" / "code.py").write_text("x = 2\n")
    assert provenance.is_dirty()
    patch = provenance.changes()
    (project / "dirac" / "code.py").write_text("x = 1\n")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=project, text=True, check=True)
    assert (project / "dirac" / "code.py").read_text() == "x = 2\n"


def test_an_experiment_starts_from_its_baseline(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "abc")
    assert provenance.revision() == "abc"


def test_without_git_nothing_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_EXP_BASELINE_REV", raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert provenance.revision() is None
    assert provenance.command(PARAMS) == "dvc repro"
    assert (provenance.is_dirty(), provenance.changes()) == (False, "")
    monkeypatch.setenv("PATH", "")
    assert provenance.revision() is None


def test_versions_are_those_of_what_the_stage_takes(tmp_path: Path) -> None:
    deps = ["data/latents/train.lmdb", "stages/train.py"]
    outs = [{"path": "data/latents", "md5": "1.dir"}, {"path": "models/prior", "md5": "2.dir"}]
    YAML().dump({"stages": {"train": {"deps": deps}}}, tmp_path / "dvc.yaml")
    assert provenance.versions("train", tmp_path) == {}
    YAML().dump({"stages": {"cache": {"outs": outs}, "none": {}}}, tmp_path / "dvc.lock")
    assert provenance.versions("train", tmp_path) == {"dvc.data/latents": "1.dir"}
    assert provenance.versions("other", tmp_path) == {}

"""What a killed stage may go on from: work that has the same inputs, params and code, no other."""

import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from dirac import scratch
from dirac.training import session

from . import tiny_models
from .data import stores

PROJECT = Path(__file__).parents[1]


class KeyedError(Exception):
    """The key of a stage's work, which is not begun."""


@pytest.fixture
def key_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Of a stage in a folder of small inputs, with params as KEY=VALUE."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_store("train", 1.0)
    write_store("validation", 1.0)
    tiny_models.write_decomposition(tmp_path / "start")

    def refuse(stage: str, fingerprint: str) -> None:
        raise KeyedError(fingerprint)

    monkeypatch.setattr(session, "work_folder", refuse)

    def run(stage: str, *changes: str) -> str:
        yaml = YAML()
        params = yaml.load(PROJECT / "params.yaml")
        for change in changes:
            key, value = change.split("=")
            section, name = key.split(".")
            params[section][name] = YAML(typ="safe").load(value)
        yaml.dump(params, Path("params.yaml"))
        stated = ["--train", "train.lmdb", "--validation", "validation.lmdb", "--output", "out"]
        if stage == "train_prior":
            stated += ["--decomposition", "start"]
        monkeypatch.setattr(sys, "argv", [stage, *stated])
        with pytest.raises(KeyedError) as found:
            runpy.run_path(str(PROJECT / "stages" / f"{stage}.py"), run_name="__main__")
        return str(found.value)

    return run


def write_store(split: str, level: float) -> None:
    mixtures = np.full((2, 128, 8), level, dtype=np.float32)
    codec = tiny_models.card()["codec"]
    path = Path(f"{split}.lmdb")
    path.unlink(missing_ok=True)
    stores.write_mixtures(path, mixtures, 2.0, codec=codec)


@pytest.mark.parametrize("stage", ["train_decomposition", "train_prior", "train_latent_diffusion"])
def test_a_training_goes_on_from_the_same_inputs_alone(
    key_of: Callable[..., str], stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    goes_on = ["train.start=start", "train.n_first_steps=0"]
    of_model = goes_on if stage == "train_decomposition" else []
    section = "train" if stage == "train_decomposition" else "prior"
    keys = [key_of(stage, *of_model)]
    assert key_of(stage, *of_model) == keys[0]
    assert key_of(stage, *of_model, "data.silence_db=-40") == keys[0]  # what it does not read
    keys.append(key_of(stage, *of_model, f"{section}.ema_decay=0.5"))
    for split in ("train", "validation"):
        write_store(split, 2.0)
        keys.append(key_of(stage, *of_model))
    if stage != "train_latent_diffusion":
        tiny_models.write_decomposition(tmp_path / "start", n_latents=3)
        keys.append(key_of(stage, *of_model))
    code = Path(shutil.copytree(PROJECT / "dirac" / "networks", tmp_path / "code" / "dirac"))
    monkeypatch.setattr(scratch, "__file__", str(code / "scratch.py"))
    keys.append(key_of(stage, *of_model))
    (code / "unet.py").write_text("# another")
    keys.append(key_of(stage, *of_model))
    assert len(set(keys)) == len(keys)

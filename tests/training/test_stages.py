"""What the training stages train on, and what they judge by."""

import runpy
import sys
from collections.abc import Callable
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from dirac.settings import apply
from dirac.training.batches import KeyedDataset
from dirac.training.session import Session

from ..data import stores
from ..tiny_models import write_decomposition

PROJECT = Path(__file__).parents[2]
STORES = ("--train", "train.lmdb", "--validation", "validation.lmdb")
N_EXCERPTS = (3, 2)  # of training and of validation
Datasets = tuple[KeyedDataset, KeyedDataset]


@pytest.fixture
def handed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Datasets]:
    """Runs a stage, for which changes of its params and other functions may be given -> what it

    hands to the training. Its excerpts' mixtures are 1, 2 and 3, those of validation 1 and 2.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    for file in ("params.yaml", "settings.yaml"):
        (tmp_path / file).write_bytes((PROJECT / file).read_bytes())
    apply("tiny", tmp_path / "params.yaml")
    for name, n_excerpts in zip(STORES[1::2], N_EXCERPTS, strict=True):
        values = np.arange(1, 1 + n_excerpts, dtype=np.float32)[:, None, None]
        mixtures = np.broadcast_to(values, (n_excerpts, 128, 80))
        sources = {"drums": mixtures, "bass": mixtures}
        stores.write_mixtures(tmp_path / name, mixtures, 2.0, sources)
    datasets: list[Datasets] = []

    def fit(session: Session, *rest: Any) -> Path:
        datasets.append(rest[2])
        (session.folder / "model").mkdir()
        return session.folder / "model"

    def run(
        stage: str, *arguments: str, changes: dict[str, Any] | None = None, **functions: Any
    ) -> Datasets:
        yaml = YAML()
        params = yaml.load(tmp_path / "params.yaml")
        for key, value in (changes or {}).items():
            *sections, name = key.split(".")
            reduce(getitem, sections, params)[name] = value
        yaml.dump(params, tmp_path / "params.yaml")
        monkeypatch.setattr(sys, "argv", [stage, *STORES, *arguments, "--output", "out"])
        main = runpy.run_path(str(PROJECT / "stages" / f"{stage}.py"), run_name="stage")["main"]
        main.__globals__.update(fit=fit, **functions)
        main()
        [handed] = datasets
        return handed

    return run


def place_one_each(*_: object) -> list[list[np.ndarray]]:
    """Anchors of each store: the beginning of its first excerpt, and of its second."""
    return [[np.array([[number, 0]]) for number in range(2)] for _ in range(2)]


def of_one_round(**changes: Any) -> dict[str, Any]:
    values = {"n_first_steps": 0, "n_rounds": 1, "bootstrapped": 0.0, **changes}
    return {f"train.{name}": value for name, value in values.items()}


def test_priors_are_judged_by_other_songs(handed: Callable[..., Datasets], tmp_path: Path) -> None:
    write_decomposition(tmp_path / "decomposition")
    datasets = handed("train_prior", "--decomposition", "decomposition")
    assert tuple(map(len, datasets)) == N_EXCERPTS


def test_a_plain_latent_diffusion_is_judged_by_other_songs(
    handed: Callable[..., Datasets],
) -> None:
    assert tuple(map(len, handed("train_latent_diffusion"))) == N_EXCERPTS


@pytest.mark.parametrize("objective", ["anchored", "paper", "supervised"])
def test_a_decomposition_is_judged_by_other_songs(
    handed: Callable[..., Datasets], objective: str
) -> None:
    changes = of_one_round(objective=objective)
    datasets = handed("train_decomposition", changes=changes, find=place_one_each)
    assert tuple(map(len, datasets)) == N_EXCERPTS


@pytest.mark.parametrize(("composition", "level"), [("mean", 2), ("sum", 1)])
def test_anchors_are_as_loud_as_what_mixtures_are_made_of(
    handed: Callable[..., Datasets], composition: str, level: float
) -> None:
    changes = of_one_round() | {"model.composition": composition, "train.anchors.gain_db": 0.0}
    for data in handed("train_decomposition", changes=changes, find=place_one_each):
        magnitudes = data[1, 0.5].numpy() ** 2
        expected = np.array([2.0**2, level * 1.0**2, level * 2.0**2])[:, None, None]
        np.testing.assert_allclose(magnitudes / expected, np.ones_like(magnitudes), rtol=1e-5)

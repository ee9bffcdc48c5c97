"""Settings of a separator, in cards of this version and of older ones."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from dirac.diffusion.iadb import Solver
from dirac.separation.generate import Generator
from dirac.separation.settings import Settings

from ..tiny_models import SETTINGS, separator, write_prior

OWN = replace(SETTINGS, solver=Solver(3, 1), prior_solver=Solver(7, 2))


def test_a_card_keeps_them_all() -> None:
    assert Settings.of_card(json.loads(json.dumps(asdict(OWN)))) == OWN


def test_older_cards_say_less() -> None:
    written = asdict(OWN)
    del written["prior_solver"], written["n_shifts"], written["refinement"]["highest_hz"]
    older = Settings.of_card(written)
    assert older.solver == older.prior_solver == Solver(3, 1)
    assert (older.n_shifts, older.refinement.highest_hz) == (1, math.inf)
    del written["solver"]
    oldest = Settings.of_card(written | {"n_steps": 5})
    assert oldest.solver == oldest.prior_solver == Solver(5, 1)


def test_what_is_no_number_or_none_of_its_kind_is_named() -> None:
    written = asdict(OWN)
    with pytest.raises(TypeError, match=r"separation\.piece_seconds is 'a', and must be a number"):
        Settings.of_card(written | {"piece_seconds": "a"})
    for wrong in (0, -7.0, math.nan):
        with pytest.raises(TypeError, match=r"separation\.piece_seconds is .*, and must be more"):
            Settings.of_card(written | {"piece_seconds": wrong})
    manner = written["manner"] | {"n_bins": [5]}
    with pytest.raises(TypeError, match=r"separation\.manner\.n_bins is \[5\]"):
        Settings.of_card(written | {"manner": manner})
    with pytest.raises(TypeError, match=r"separation\.piece_seconds is inf, and must be finite"):
        Settings.of_card(written | {"piece_seconds": math.inf})
    none = written | {"manner": written["manner"] | {"weight": 0}}
    assert Settings.of_card(none).manner.weight == 0


def test_a_prior_is_sampled_by_a_solver_of_its_own(tmp_path: Path) -> None:
    ours = separator()
    ours.settings = OWN
    assert Generator.load(write_prior(tmp_path / "prior"), ours).solver == OWN.prior_solver


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("n_fft", 2048.5, "a whole number"),
        ("n_shifts", 1.5, "a whole number"),
        ("n_shifts", True, "a number"),
        ("solver.n_steps", 2.5, "a whole number"),
        ("solver.order", 3, "1 or 2"),
        ("prior_solver.order", 1.0, "1 or 2"),
        ("refinement.n_neighbours", 1.5, "a whole number"),
        ("manner.n_bins", 4, "odd"),
        ("manner.n_frames", 5.0, "a whole number"),
    ],
)
def test_what_is_counted_is_whole(key: str, value: object, message: str) -> None:
    written: dict[str, Any] = json.loads(json.dumps(asdict(OWN)))
    *sections, name = key.split(".")
    place = written[sections[0]] if sections else written
    place[name] = value
    with pytest.raises(TypeError, match=rf"separation\.{key} is {value}, and must be {message}"):
        Settings.of_card(written)

"""The benchmarks of speed in miniature: that they run, not how fast anything is."""

import json
import runpy
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "benchmarks" / "speed"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, object]]:
    """A script of the folder, which lies in no package."""
    monkeypatch.syspath_prepend(FOLDER)
    before = set(sys.modules)
    yield lambda name: runpy.run_path(str(FOLDER / f"{name}.py"))
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and FOLDER in Path(sys.modules[name].__file__).parents
        ):
            sys.modules.pop(name)


@pytest.mark.parametrize("theme", ["codecs", "reading"])
def test_a_theme_runs(load: Callable, theme: str, tmp_path: Path) -> None:
    output = tmp_path / "speed.json"
    load("__main__")["main"]([theme, "--tiny", "--output", str(output)])
    result = json.loads(output.read_text())
    assert result["machine"]["torch"] == version("torch")
    assert {row["theme"] for row in result["rows"]} == {theme}
    assert all(row["rate"] > 0 and row["floor_seconds"] > 0 for row in result["rows"])


def test_an_unknown_theme_is_refused(load: Callable, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load("__main__")["main"](["speeding"])
    assert "take codecs, reading" in capsys.readouterr().err


def test_the_plain_code_has_the_architecture(load: Callable) -> None:
    """As many weights as ours, and the operations of a forward pass are the same."""
    plain, training, floors = load("plain"), load("training"), load("floors")
    params = training["params_of"]("paper-objective")
    ours = training["decomposition"](params)
    theirs = plain["PlainDecomposition"](128, params.model.model_dump())
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    batch = torch.rand(2, 1, 128, 32)
    flops = floors["flops_of"]
    expected = flops(lambda: theirs.loss(batch[:, 0]))
    assert flops(lambda: ours(batch)) == pytest.approx(expected, rel=0.01)
    step = plain["PlainTraining"](theirs, 1e-3)
    before = [p.clone() for p in theirs.parameters()]
    step.step(batch[:, 0])
    assert any(not torch.equal(a, b) for a, b in zip(before, theirs.parameters(), strict=True))

"""The notebook runs as it is; Jupyter, which plays its sounds, is not needed for that."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

TOUR = Path(__file__).parents[1] / "notebooks" / "tour.ipynb"


def test_the_tour_separates_swaps_and_generates(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[Any] = []
    player = SimpleNamespace(Audio=lambda samples, rate: (samples, rate), display=heard.append)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=player))
    cells = json.loads(TOUR.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []  # what is in git is what runs
            exec("".join(cell["source"]), names)
    titles = capsys.readouterr().out
    for title in ("song a", "song b", "drums", "drums of a, bass of b", "from nothing"):
        assert f"{title}\n" in titles
    assert len(heard) == 2 + 2 + 1 + 2
    for samples, rate in heard:
        assert rate == 24000
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() > 1e-3
    np.testing.assert_allclose(names["parts"].sum(0), names["songs"][0], atol=1e-5)

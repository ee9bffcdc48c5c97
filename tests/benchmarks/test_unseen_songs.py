"""Which models can be scored on unseen songs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ..tiny_models import write_decomposition

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    yield __import__("unseen_songs")
    sys.modules.pop("unseen_songs")


def test_a_model_of_the_same_sources_in_order_is_taken(script: ModuleType, tmp_path: Path) -> None:
    model = write_decomposition(tmp_path / "model")
    script.check_sources(model, ("drums", "bass"))
    with pytest.raises(SystemExit, match=r"trained on drums, bass, and data\.sources are bass, dr"):
        script.check_sources(model, ("bass", "drums"))

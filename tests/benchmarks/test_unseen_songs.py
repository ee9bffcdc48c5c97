"""Which models can be scored on unseen songs."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from ..tiny_models import write_decomposition


@pytest.fixture
def script(load_script: Callable[[str], ModuleType]) -> ModuleType:
    return load_script("benchmarks/unseen_songs")


def test_a_model_of_the_same_sources_in_order_is_taken(script: ModuleType, tmp_path: Path) -> None:
    model = write_decomposition(tmp_path / "model")
    script.check_sources(model, ("drums", "bass"))
    with pytest.raises(SystemExit, match=r"trained on drums, bass, and data\.sources are bass, dr"):
        script.check_sources(model, ("bass", "drums"))

"""Scripts outside the package, as modules."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def load_script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Of a script's path without its suffix the module, which is forgotten after the test."""
    before = set(sys.modules)

    def load(script: str) -> ModuleType:
        path = PROJECT / script
        monkeypatch.syspath_prepend(path.parent)
        return __import__(path.name)

    yield load
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(
            (str(PROJECT / "benchmarks"), str(PROJECT / "docs"))
        ):
            sys.modules.pop(name)

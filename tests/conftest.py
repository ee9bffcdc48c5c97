"""What tests of all packages share."""

import sys

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process ends long after the others."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _seed() -> None:
    """The same draws in every run, for tests that draw as they please; torch is not imported."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)

"""Speeds that bring sources to the register of the others."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dirac.data.registers import register, speeds_towards_others
from dirac.data.store import LatentStore, StoreError

from . import stores

WINDOW, SPEEDS = 8, (0.8, 1.25, 2.0)
PLACES = [np.array([[n, 0], [n, 4]]) for n in range(3)]


def as_roots(latents: torch.Tensor) -> torch.Tensor:
    return latents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Excerpt 0 sounds in bands 2 and 4, as 1 to 16 in power; 1 in band 5; 2 in band 11."""
    mixtures = np.zeros((3, 12, 16), np.float32)
    mixtures[0, 2], mixtures[0, 4], mixtures[1, 5], mixtures[2, 11] = 1, 2, 3, 1
    played = {speed: np.zeros((3, 12, int(16 / speed)), np.float32) for speed in SPEEDS}
    return stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0, played=played)


def test_a_register_is_the_middle_of_the_power(path: Path) -> None:
    store = LatentStore(path)
    expected = ((2 + 4 * 16) / 17, 5, 11)
    for places, middle in zip(PLACES, expected, strict=True):
        assert register(store, places, WINDOW, as_roots) == pytest.approx(middle)
    both = np.concatenate(PLACES[1:])
    assert register(store, both, WINDOW, as_roots) == pytest.approx(8)  # louder or not


def test_low_sources_play_faster_and_high_ones_slower(path: Path) -> None:
    def chosen(*numbers: int) -> list[tuple[float, ...]]:
        anchors = [PLACES[number] for number in numbers]
        return speeds_towards_others(path, anchors, WINDOW, SPEEDS, as_roots)

    assert chosen(0, 2) == [(1.25, 2.0), (0.8,)]
    assert chosen(2, 0) == [(0.8,), (1.25, 2.0)]
    assert chosen(0, 1, 2) == [(1.25, 2.0), (1.25, 2.0), (0.8,)]
    assert (chosen(0), chosen()) == ([()], [])
    with pytest.raises(StoreError, match=r"a\.lmdb has no mixtures at 1\.5 times"):
        speeds_towards_others(path, PLACES, WINDOW, (1.5, 1.1), as_roots)

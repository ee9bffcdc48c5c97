"""Stores that are open while their files are renamed, or named in another way."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from dirac.data.store import LatentStore, read_meta
from dirac.learning.whole import whole

from . import stores

MIXTURES = np.arange(2 * 3 * 5, dtype=np.float32).reshape(2, 3, 5)


def write(path: Path) -> Path:
    return stores.write_mixtures(path, MIXTURES, exponent=1.0)


def test_a_store_that_was_finished_but_not_moved_is_read_where_it_is_moved_to(
    tmp_path: Path,
) -> None:
    write(tmp_path / "songs.partial")  # and then killed
    whole(tmp_path / "songs.lmdb", lambda beside: read_meta(beside) and None)
    store = LatentStore(tmp_path / "songs.lmdb")
    np.testing.assert_array_equal(store.mixture(1), MIXTURES[1])


def test_a_relative_name_and_a_link_are_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "songs.lmdb")
    (tmp_path / "linked.lmdb").hardlink_to(path)
    monkeypatch.chdir(tmp_path)
    read_meta(Path("songs.lmdb"))
    for name in (path, Path("linked.lmdb"), path):
        np.testing.assert_array_equal(LatentStore(name).mixture(0), MIXTURES[0])


def test_a_store_that_was_moved_is_read_after_a_fork(tmp_path: Path) -> None:
    read_meta(write(tmp_path / "songs.partial"))
    (tmp_path / "songs.partial").replace(tmp_path / "songs.lmdb")
    child = multiprocessing.get_context("fork").Process(
        target=LatentStore, args=(tmp_path / "songs.lmdb",)
    )
    child.start()
    child.join()
    assert child.exitcode == 0


def test_another_store_in_the_place_of_a_moved_one_is_read(tmp_path: Path) -> None:
    here, there = tmp_path / "here.lmdb", tmp_path / "there.lmdb"
    read_meta(write(here))
    here.replace(there)
    stores.write_mixtures(here, 2 * MIXTURES, exponent=1.0)
    for path, expected in ((here, 2 * MIXTURES), (there, MIXTURES), (here, 2 * MIXTURES)):
        np.testing.assert_array_equal(LatentStore(path).mixture(1), expected[1])

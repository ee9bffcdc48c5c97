"""Anchors are measured by their own songs, and drawn from them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dirac.data.anchors import judge_by_song
from dirac.data.datasets import MixtureDataset
from dirac.data.remixes import RemixDataset, songs_of
from dirac.data.store import LatentStore

from . import stores


@pytest.mark.parametrize(("lopsided", "absent"), [(1.0, []), (0.6, [0]), (0.5, [0, 1])])
def test_a_source_that_explains_more_of_a_song_is_absent_in_it(lopsided, absent):
    presences = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.9, 0.1]])
    songs = np.array([0, 0, 2, 2])  # of means 0.7, 0.3 and 0.55, 0.45
    expected = presences.copy()
    for song in absent:
        expected[2 * song : 2 * song + 2, 0] = 0
    judged = judge_by_song(presences, songs, presence=0.98, apart=0.0, lopsided=lopsided)
    assert judged.tolist() == expected.tolist()


def test_windows_that_stand_out_of_their_song_count_as_alone():
    first = [0.2, 0.2, 0.2, 0.2, 0.8]  # the others have a quarter of their usual 0.8 in the last
    second = [0.7, 0.7, 0.7, 0.7, 0.8]  # and two thirds of 0.3 in this
    presences = np.array([[own, 1 - own] for own in first + second])
    songs = np.repeat([3, 5], 5)
    judged = judge_by_song(presences, songs, presence=0.98, apart=0.3, lopsided=1.0)
    expected = presences.copy()
    expected[4, 0] = 0.98
    assert judged == pytest.approx(expected)
    already = np.array([[0.6, 0.4], [0.99, 0.01], [0.6, 0.4]])
    assert (judge_by_song(already, np.zeros(3), 0.98, 0.3, 1.0) == already).all()  # none is lowered


@pytest.mark.parametrize(("by_song", "expected"), [(False, 0.1), (True, 0.5)])
def test_each_song_has_the_same_chance(tmp_path: Path, by_song: bool, expected: float) -> None:
    """Of nine anchors of one song and one of another, on and on."""
    mixtures = np.ones((2, 3, 4000), dtype=np.float32)
    mixtures[1] = 2
    path = stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0)
    places = np.array([[0, 4 * n] for n in range(9)] + [[1, 0]])
    settings = SimpleNamespace(
        n_frames=4, gain_db=0.0, speed_octaves=0.0, equaliser_db=0.0, by_song=by_song
    )
    remix = RemixDataset(MixtureDataset(path, 4000), [places], settings, 1.0, varied=False)
    heard = remix[0, 0.0][1].numpy()
    assert (heard == 2).mean() == pytest.approx(expected, abs=0.05)


def test_anchors_of_a_song_are_together(tmp_path: Path) -> None:
    path = stores.write_mixtures(tmp_path / "a.lmdb", np.ones((3, 3, 8), dtype=np.float32), 2.0)
    places = np.array([[2, 0], [0, 4], [2, 4]])
    songs = songs_of(LatentStore(path), places)
    assert [song.tolist() for song in songs] == [[[0, 4]], [[2, 0], [2, 4]]]

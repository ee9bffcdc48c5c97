from pathlib import Path

import numpy as np
import pytest

from dirac.evaluation.signals import Signals, find_scored, find_silent


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    signals = Signals(tmp_path)
    references = np.random.default_rng(0).standard_normal((2, 1, 9)).astype(np.float32)
    assert not signals.has_references("song-0000.0")
    signals.save_references("song-0000.0", references)
    signals.save_parts("hpss", "song-0000.0", references[:1])
    assert signals.has_references("song-0000.0")
    assert signals.has_parts("hpss", "song-0000.0")
    assert not signals.has_parts("nmf", "song-0000.0")
    np.testing.assert_array_equal(signals.load_references("song-0000.0"), references)
    np.testing.assert_array_equal(signals.load_parts("hpss", "song-0000.0"), references[:1])


def test_excerpts_whose_names_differ_after_the_dot_do_not_collide(tmp_path: Path) -> None:
    signals = Signals(tmp_path)
    signals.save_references("song-0003.5", np.zeros((1, 1, 2)))
    signals.save_references("song-0003.0", np.ones((1, 1, 2)))
    assert signals.load_references("song-0003.5").sum() == 0
    assert signals.load_references("song-0003.0").sum() == 2
    assert len(list((tmp_path / "references").iterdir())) == 2


def test_parts_that_are_not_finite_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hpss/song"):
        Signals(tmp_path).save_parts("hpss", "song", np.full((2, 1, 9), np.nan))
    assert not Signals(tmp_path).has_parts("hpss", "song")


def test_silence_is_the_level_of_the_source_itself() -> None:
    references = np.ones((2, 1, 100)) * 10 ** (-50 / 20) / 2
    np.testing.assert_array_equal(find_silent(references * 0.99, -50.0), [True, True])
    np.testing.assert_array_equal(find_silent(references * 1.01, -50.0), [False, False])


def test_a_lone_source_is_not_scored() -> None:
    lone, pair = np.array([True, False, True]), np.array([False, True, False])
    assert not find_scored(lone).any()
    np.testing.assert_array_equal(find_scored(pair), [True, False, True])

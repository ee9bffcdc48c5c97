"""Cuts of tracks, and the table in which they are kept."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from dirac.data.errors import DataError
from dirac.data.excerpts import Excerpt, Excerpts, excerpts_of, select_excerpts
from dirac.data.tracks import Track

RATE = 8000


def track(name: str, seconds: float, split: str = "train") -> Track:
    return Track(name, split, RATE, round(seconds * RATE), {})


def test_excerpts_lie_side_by_side_and_the_incomplete_one_is_dropped() -> None:
    assert list(excerpts_of([track("b", 10), track("a", 3)], 3.0)) == [
        *(Excerpt("b", start, 3.0) for start in (0.0, 3.0, 6.0)),
        Excerpt("a", 0.0, 3.0),
    ]
    assert not excerpts_of([track("a", 10)], 11.0)
    assert len(excerpts_of([track("a", 0.3)], 0.1)) == 3  # though 0.3 / 0.1 is less than 3
    with pytest.raises(DataError, match=r"0\.1 s at least"):
        excerpts_of([track("a", 10)], 0.0)


@pytest.mark.parametrize("duration", [0.1, 0.2, 1 / 3, 1 / 7])
def test_the_last_of_exactly_fitting_excerpts_ends_with_the_track(duration: float) -> None:
    excerpts = excerpts_of([track("a", 1)], duration)
    assert len(excerpts) == round(1 / duration)
    assert excerpts[-1].start_seconds + duration <= 1 + 0.5 / RATE


def test_names_of_excerpts_can_be_names_of_files() -> None:
    assert Excerpt("test-Track00003", 14.0, 7.0).name == "test-Track00003-0014.0"
    odd = Excerpt("train-Johnny / Lokke: Promises & Lies", 0.0, 7.0).name
    assert odd == "train-Johnny_Lokke_Promises_Lies-0000.0"


def test_excerpts_are_selected_evenly() -> None:
    tracks = [track("first", 20), track("second", 20), track("other", 20, "test")]
    every = select_excerpts(tracks, "train", 0.5, None)
    assert len(every) == 80
    assert list(select_excerpts(tracks, "train", 0.5, 100)) == list(every)
    assert list(select_excerpts(tracks, "train", 0.5, 20)) == list(every[::4])
    assert len(set(select_excerpts(tracks, "train", 0.5, 33))) == 33


def test_a_split_without_excerpts_is_an_error() -> None:
    tracks = [track("first", 20), track("second", 12)]
    with pytest.raises(DataError, match="the split test has 0 tracks"):
        select_excerpts(tracks, "test", 0.5, None)
    with pytest.raises(DataError, match=r"2 tracks .* 60 s \(the longest track lasts 20\.00 s\)"):
        select_excerpts(tracks, "train", 60.0, None)


def test_a_table_of_many_is_small_in_memory_and_in_json() -> None:
    excerpts = excerpts_of([track(f"song {n}", 100) for n in range(500)], 0.1)
    assert len(excerpts) == 500_000
    assert excerpts.tracks.nbytes + excerpts.starts.nbytes == 12 * len(excerpts)
    json = TypeAdapter(Excerpts).dump_json(excerpts)
    assert len(json) < 17 * len(excerpts)
    again = TypeAdapter(Excerpts).validate_json(json)
    assert again.names == excerpts.names
    for number in (0, 1, 250_000, -1):
        assert again[number] == excerpts[number]
    np.testing.assert_array_equal(again.tracks, excerpts.tracks)
    np.testing.assert_array_equal(again.starts, excerpts.starts)


@pytest.mark.parametrize("older", [[1, 2], 3, None, "no base 64"])
def test_what_is_no_column_is_refused(older: object) -> None:
    table = {"names": ["a"], "tracks": older, "starts": "", "duration_seconds": 7.0}
    with pytest.raises(ValidationError):
        TypeAdapter(Excerpts).validate_python(table)

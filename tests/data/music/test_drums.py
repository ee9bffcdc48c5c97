from collections.abc import Callable

import numpy as np

from dirac.data.music import drums
from dirac.data.music.song import Bar

MakeBar = Callable[..., Bar]


def test_patterns_are_read_as_sixteenths(make_bar: MakeBar) -> None:
    groove = {drums.KICK: "X..g............", drums.SNARE: "....x..........."}
    for seed in range(200):
        notes = drums.play_bar(np.random.default_rng(seed), groove, make_bar())
        if len(notes) == 3:  # no fill this time
            places = [(note.start, note.pitch) for note in notes]
            assert places == [(8.0, drums.KICK), (8.75, drums.KICK), (9.0, drums.SNARE)]
            assert notes[1].velocity < notes[2].velocity < notes[0].velocity
            return
    raise AssertionError("two hundred fills in a row")


def test_fills_end_sections_and_stay_in_their_bar(make_bar: MakeBar) -> None:
    n_fills = 0
    for seed in range(100):
        bar = make_bar(is_last=True)
        notes = drums.play_bar(np.random.default_rng(seed), {drums.KICK: "X" + "." * 15}, bar)
        assert all(8.0 <= note.start < 12.0 for note in notes)
        n_fills += len(notes) > 1
    assert 50 < n_fills < 80


def test_thinning_never_leaves_nothing() -> None:
    groove = {drums.KICK: "X..............."}
    rng = np.random.default_rng(0)
    assert all(drums.thin(rng, groove, "break") for _ in range(50))
    assert drums.thin(rng, groove, "verse") == groove


def test_balance_weighs_each_drum_alike(make_bar: MakeBar) -> None:
    bar = make_bar()
    notes = [bar.note(step, 1, drum, 100) for step in (0, 4) for drum in (36, 40)]
    weighed = drums.balance(np.random.default_rng(1), notes)
    assert weighed[0].velocity == weighed[2].velocity != weighed[1].velocity == weighed[3].velocity


def test_rolls_are_strokes_within_a_sixteenth(make_bar: MakeBar) -> None:
    groove = {drums.CLOSED_HAT: "r...t..........."}
    notes = drums.play_bar(np.random.default_rng(0), groove, make_bar())
    np.testing.assert_allclose(
        [note.start - 8 for note in notes], [0, 1 / 8, 1, 1 + 1 / 12, 1 + 2 / 12]
    )


def test_who_has_neither_kick_nor_snare_plays_no_fills(make_bar: MakeBar) -> None:
    groove = {drums.CLOSED_HAT: "x..............."}
    bar = make_bar(is_first=True, is_last=True)
    for seed in range(50):
        notes = drums.play_bar(np.random.default_rng(seed), groove, bar)
        assert [note.pitch for note in notes] == [drums.CLOSED_HAT]

from collections.abc import Callable

import numpy as np
import pytest

from dirac.data.music import accompaniment
from dirac.data.music.song import Bar, Chord

MakeBar = Callable[..., Bar]
G = Chord((7, 11, 2))

MANNERS = [
    accompaniment.comp, accompaniment.pad, accompaniment.arpeggio, accompaniment.strum,
    accompaniment.melody,
]  # fmt: skip


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("n_beats", [3, 4])
def test_players_keep_to_the_bar_and_the_key(
    manner: accompaniment.Manner, n_beats: int, make_bar: MakeBar
) -> None:
    bar = make_bar(n_beats=n_beats)
    for seed in range(30):
        for note in manner(np.random.default_rng(seed), bar):
            assert bar.start <= note.start < bar.start + n_beats
            assert note.pitch % 12 in bar.scale
            assert 40 <= note.pitch <= 96


@pytest.mark.parametrize("manner", MANNERS[:-1])
def test_chords_sound_the_tones_of_the_chord(
    manner: accompaniment.Manner, make_bar: MakeBar
) -> None:
    notes = manner(np.random.default_rng(0), make_bar(chords=(G, G)))
    assert {note.pitch % 12 for note in notes} == set(G.tones)

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from dirac.data.music import bass
from dirac.data.music.song import Bar, Chord

MakeBar = Callable[..., Bar]
G = Chord((7, 11, 2))

LINES = [
    bass.long_roots, bass.driving_roots, bass.octaves, bass.walking, bass.syncopated,
    bass.arpeggio, bass.bossa, bass.off_beat, bass.slap, bass.held_subs,
    bass.slides, bass.melodic, bass.pedal,
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("n_beats", [3, 4])
def test_lines_stay_in_their_bar_and_register(
    line: bass.Line, n_beats: int, make_bar: MakeBar
) -> None:
    bar = make_bar(n_beats=n_beats)
    for seed in range(30):
        for note in line(np.random.default_rng(seed), bar):
            assert bar.start <= note.start < bar.start + n_beats
            assert 24 <= note.pitch <= 54


@pytest.mark.parametrize("line", LINES)
def test_a_seed_repeats_the_rhythm_over_other_chords(line: bass.Line, make_bar: MakeBar) -> None:
    here = line(np.random.default_rng(5), make_bar())
    there = line(np.random.default_rng(5), make_bar(chords=(G, G)))
    if line not in (
        bass.long_roots,
        bass.walking,
        bass.slides,
    ):  # these follow the change of chords
        assert [n.start for n in here] == [n.start for n in there]
    if line is not bass.pedal:
        assert [n.pitch for n in here] != [n.pitch for n in there]


def test_slides_overlap_on_their_way_to_the_root(make_bar: MakeBar) -> None:
    for seed in range(30):
        notes = bass.slides(np.random.default_rng(seed), make_bar(chords=(G, G)))
        for note, after in itertools.pairwise(notes):
            if note.duration < 0.3:
                assert note.start + note.duration > after.start
                assert abs(note.pitch - after.pitch) == 1
        assert notes[-1].pitch == 31


def test_a_pedal_stays_on_the_tonic(make_bar: MakeBar) -> None:
    for seed in range(10):
        notes = bass.pedal(np.random.default_rng(seed), make_bar(scale=(7, 9, 11, 0, 2, 4, 6)))
        assert {note.pitch for note in notes} == {31}


def test_octaves_alternate(make_bar: MakeBar) -> None:
    notes = bass.octaves(np.random.default_rng(0), make_bar())
    assert [note.pitch for note in notes[:2]] == [36, 48]  # C and its octave
    assert notes[-1].pitch == 31 + 12  # G


def test_bossa_is_root_and_fifth(make_bar: MakeBar) -> None:
    notes = bass.bossa(np.random.default_rng(0), make_bar(chords=(G, G)))
    assert [(note.start - 8) for note in notes] == [0, 1.5, 2, 3.5]
    assert [note.pitch for note in notes] == [31, 38, 38, 31]

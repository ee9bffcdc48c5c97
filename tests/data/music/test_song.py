from collections.abc import Callable

import pytest

from dirac.data.music.song import BASS, LONGEST_HELD, Bar, Chord, Note, Part

MakeBar = Callable[..., Bar]

C, G = Chord((0, 4, 7)), Chord((7, 11, 2))


def test_voicings_are_the_closest_above_a_pitch() -> None:
    assert C.voiced(60) == [60, 64, 67]
    assert C.voiced(62) == [64, 67, 72]
    assert C.root == 0


def test_each_half_of_the_bar_has_its_chord(make_bar: MakeBar) -> None:
    bar = make_bar()
    assert [bar.chord_at(step) for step in (0, 7, 8, 15)] == [C, C, G, G]
    waltz = make_bar(n_beats=3)
    assert [waltz.chord_at(step) for step in (0, 5, 6, 11)] == [C, C, G, G]


def test_steps_are_sixteenths(make_bar: MakeBar) -> None:
    note = make_bar().note(6, 2, 40, 90)
    assert (note.start, note.duration, note.pitch, note.velocity) == (9.5, 0.5, 40, 90)


@pytest.mark.parametrize(("energy", "velocity", "played"), [(1.0, 127, 127), (0.0, 0.1, 1)])
def test_velocity_stays_in_midi(
    energy: float, velocity: float, played: int, make_bar: MakeBar
) -> None:
    assert make_bar(energy=energy).note(0, 1, 40, velocity).velocity == played


def test_held_notes_last_until_the_next_but_for_long_rests() -> None:
    notes = (Note(0.0, 0.5, 40, 90), Note(1.0, 2.0, 41, 90), Note(2.0, 0.5, 42, 90))
    late = Note(2.0 + LONGEST_HELD + 1, 0.5, 43, 90)
    held = Part(BASS, 33, 0.0, (*notes[::-1], late)).held()
    assert [note.duration for note in held.notes] == [1.0, 2.0, 0.5, 0.5]
    assert [note[::2] for note in held.notes] == [note[::2] for note in (*notes, late)]

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from dirac.data.music import composer
from dirac.data.music.drums import KICK
from dirac.data.music.song import BASS, DRUMS, PIANO, Part, Song, pick

DURATION, LEVEL_DB = 48.0, 3.0


def compose(rng: np.random.Generator, duration_seconds: float, level_db: float) -> Song:
    return composer.compose(rng, duration_seconds, level_db, draw)


def draw(rng: np.random.Generator, programs: Sequence[int], is_drum: bool) -> composer.Source:
    return pick(rng, programs), 0, None, None


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    return [compose(np.random.default_rng((7, number)), DURATION, LEVEL_DB) for number in range(80)]


def part_of(song: Song, inst_class: str) -> Part:
    return next(part for part in song.parts if part.inst_class == inst_class)


def test_equal_seeds_give_equal_songs() -> None:
    assert compose(np.random.default_rng(3), 20.0, LEVEL_DB) == compose(
        np.random.default_rng(3), 20.0, LEVEL_DB
    )
    assert compose(np.random.default_rng(3), 20.0, LEVEL_DB) != compose(
        np.random.default_rng(4), 20.0, LEVEL_DB
    )


def test_songs_fill_their_duration(songs: list[Song]) -> None:
    for song in songs:
        bar_seconds = song.bars[0].n_beats * 60 / song.tempo
        assert DURATION <= len(song.bars) * bar_seconds < DURATION + bar_seconds


def test_every_song_has_drums_bass_piano_and_more(songs: list[Song]) -> None:
    for song in songs:
        classes = [part.inst_class for part in song.parts]
        assert {DRUMS, BASS, PIANO} < set(classes)
        assert len(classes) == len(set(classes)) >= 4


def test_notes_are_playable_midi(songs: list[Song]) -> None:
    for part in (part for song in songs for part in song.parts):
        assert all(0 <= note.pitch < 128 and 1 <= note.velocity <= 127 for note in part.notes)
        assert all(note.start >= 0 and note.duration > 0 for note in part.notes)


def test_bass_stays_in_its_register(songs: list[Song]) -> None:
    pitches = [note.pitch for song in songs for note in part_of(song, BASS).notes]
    assert min(pitches) >= 24
    assert max(pitches) <= 67
    assert np.mean(pitches) < 45


def test_songs_vary(songs: list[Song]) -> None:
    tempos = [song.tempo for song in songs]
    assert min(tempos) < 75
    assert max(tempos) > 165
    assert len({song.style for song in songs}) >= 15
    assert len({song.bars[0].scale for song in songs}) >= 15
    assert len({part_of(song, BASS).program for song in songs}) == 8


def test_each_of_three_is_heard_alone_and_any_two_apart(songs: list[Song]) -> None:
    trio = frozenset({DRUMS, BASS, PIANO})
    present = [bar.present & trio for song in songs for bar in song.bars]
    for one in trio:
        assert np.mean([players == {one} for players in present]) > 0.05
    for one, other in itertools.combinations(sorted(trio), 2):
        assert 0.22 < np.mean([(one in who) != (other in who) for who in present]) < 0.34
    assert all(present)


@pytest.mark.parametrize("level_db", [0.0, 8.0])
def test_levels_are_as_wide_as_asked_for(level_db: float) -> None:
    composed = [compose(np.random.default_rng((8, number)), 12.0, level_db) for number in range(40)]
    for inst_class in (DRUMS, BASS, PIANO):
        levels = [part_of(song, inst_class).level_db for song in composed]
        assert 1.5 * level_db <= max(levels) - min(levels) <= 2 * level_db


def test_nobody_plays_in_a_bar_of_rest(songs: list[Song]) -> None:
    margin = 0.15  # beats, of humanised timing
    for song in songs:
        for bar in song.bars:
            end = bar.start + bar.n_beats
            sounding = {
                part.inst_class
                for part in song.parts
                if any(bar.start + margin < note.start < end - margin for note in part.notes)
            }
            assert sounding <= bar.present


def test_bass_is_not_locked_to_the_kick(songs: list[Song]) -> None:
    locked = []
    for song in songs:
        kicks = np.array([n.start for n in part_of(song, DRUMS).notes if n.pitch == KICK])
        starts = np.array([note.start for note in part_of(song, BASS).notes])
        if len(kicks):
            distance = np.abs(starts[:, None] - kicks).min(axis=1) * 60 / song.tempo
            locked.append(np.mean(distance < 0.03))
    assert 0.1 < np.mean(locked) < 0.6


def test_very_short_songs_still_have_both() -> None:
    for number in range(40):
        song = compose(np.random.default_rng(number), 3.0, LEVEL_DB)
        for inst_class in (DRUMS, BASS):
            assert any(n.start * 60 / song.tempo < 2.9 for n in part_of(song, inst_class).notes)

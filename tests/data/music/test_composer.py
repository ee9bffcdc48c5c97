import numpy as np
import pytest

from dirac.data.music.composer import compose
from dirac.data.music.drums import KICK
from dirac.data.music.song import BASS, DRUMS, PIANO, Part, Song

DURATION = 48.0


@pytest.fixture(scope="module")
def songs() -> list[Song]:
    return [compose(np.random.default_rng((7, number)), DURATION) for number in range(80)]


def part_of(song: Song, inst_class: str) -> Part:
    return next(part for part in song.parts if part.inst_class == inst_class)


def test_equal_seeds_give_equal_songs() -> None:
    assert compose(np.random.default_rng(3), 20.0) == compose(np.random.default_rng(3), 20.0)
    assert compose(np.random.default_rng(3), 20.0) != compose(np.random.default_rng(4), 20.0)


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
    assert max(pitches) <= 64
    assert np.mean(pitches) < 45


def test_songs_vary(songs: list[Song]) -> None:
    tempos = [song.tempo for song in songs]
    assert min(tempos) < 85
    assert max(tempos) > 150
    assert len({song.style for song in songs}) >= 8
    assert len({song.bars[0].scale for song in songs}) >= 15
    assert len({part_of(song, BASS).program for song in songs}) == 8


def test_drums_and_bass_come_and_go_independently(songs: list[Song]) -> None:
    present = [bar.present for song in songs for bar in song.bars]
    without_drums = np.mean([DRUMS not in players for players in present])
    without_bass = np.mean([BASS not in players for players in present])
    assert 0.08 < without_drums < 0.25
    assert 0.08 < without_bass < 0.25
    assert not any({DRUMS, BASS}.isdisjoint(players) for players in present)


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
        song = compose(np.random.default_rng(number), 3.0)
        for inst_class in (DRUMS, BASS):
            assert any(n.start * 60 / song.tempo < 2.9 for n in part_of(song, inst_class).notes)

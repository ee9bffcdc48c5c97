from collections.abc import Callable

import symusic

from dirac.data.music.midi import to_score
from dirac.data.music.song import BASS, DRUMS, Bar, Note, Part, Song

MakeBar = Callable[..., Bar]


def test_midi_carries_the_notes(make_bar: MakeBar) -> None:
    parts = (
        Part(BASS, 33, 0.0, (Note(0.0, 1.0, 40, 90), Note(1.5, 0.25, 43, 70))),
        Part(DRUMS, 8, 0.0, (Note(0.5, 0.5, 36, 100),)),
    )
    song = Song("rock", 96.0, (make_bar(n_beats=3),), parts)
    score = symusic.Score.from_midi(to_score(song, parts).dumps_midi())
    assert score.tempos[0].qpm == 96.0
    assert score.time_signatures[0].numerator == 3
    tracks = {track.name: track for track in score.tracks}
    assert tracks[DRUMS].is_drum
    assert (tracks[BASS].program, tracks[DRUMS].program) == (33, 8)
    ticks = score.ticks_per_quarter
    notes = [(n.time / ticks, n.duration / ticks, n.pitch, n.velocity) for n in tracks[BASS].notes]
    assert notes == [(0.0, 1.0, 40, 90), (1.5, 0.25, 43, 70)]

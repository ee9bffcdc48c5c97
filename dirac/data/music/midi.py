"""Songs as MIDI scores."""

from collections.abc import Iterable

import symusic

from dirac.data.music.song import Part, Song

TICKS_PER_BEAT = 960


def to_score(song: Song, parts: Iterable[Part]) -> symusic.Score:
    """The given parts of a song, a track each."""
    score = symusic.Score(TICKS_PER_BEAT)
    score.tempos.append(symusic.Tempo(0, qpm=song.tempo))
    score.time_signatures.append(symusic.TimeSignature(0, song.bars[0].n_beats, 4))
    for part in parts:
        track = symusic.Track(name=part.inst_class, program=part.program, is_drum=part.is_drum)
        for note in part.notes:
            start = round(note.start * TICKS_PER_BEAT)
            duration = max(round(note.duration * TICKS_PER_BEAT), 1)
            track.notes.append(symusic.Note(start, duration, note.pitch, note.velocity))
        score.tracks.append(track)
    return score

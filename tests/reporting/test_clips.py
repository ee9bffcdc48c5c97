import io
import json

import numpy as np
import pytest
import soundfile

from dirac.reporting.clips import AudioLibrary, Clip, arrange, encode_mp3, read_sections
from dirac.reporting.inputs import ReportError, ReportFiles

RATE = 16000


def clip(label: str) -> Clip:
    return Clip(label, None, 1.0, "", "")


def test_mp3_keeps_the_sound_its_length_and_its_bytes() -> None:
    sound = np.sin(np.arange(2 * RATE) * 0.1, dtype=np.float32)[None] / 2
    content = encode_mp3(sound, RATE, 64)
    heard, rate = soundfile.read(io.BytesIO(content))
    assert rate == RATE
    assert abs(len(heard) - sound.shape[1]) < 2000
    n_samples = min(len(heard), sound.shape[1])
    assert np.corrcoef(heard[:n_samples], sound[0, :n_samples])[0, 1] > 0.99
    assert content == encode_mp3(sound, RATE, 64)


@pytest.mark.parametrize(("rate", "kbps"), [(24000, 64), (44100, 128), (48000, 96)])
def test_mp3_has_about_the_bitrate_asked_for(rate: int, kbps: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, rate * 4)).astype(np.float32)
    size = len(encode_mp3(noise, rate, kbps))
    assert size * 8 / 4000 == pytest.approx(kbps, rel=0.15)


def test_what_mp3_cannot_do_is_one_clear_error() -> None:
    silence = np.zeros((1, 1000), dtype=np.float32)
    with pytest.raises(ReportError, match="MP3 has no 11000 Hz"):
        encode_mp3(silence, 11000, 64)
    with pytest.raises(ReportError, match=r"report\.mp3_kbps is 192, but at 24000 Hz"):
        encode_mp3(silence, 24000, 192)


def test_clips_stand_in_the_column_of_the_source_before_their_comma() -> None:
    labels = ["mixture", "bass, true", "drums, refined", "bass, refined", "drums and bass"]
    columns = arrange([clip(label) for label in labels], ["drums", "bass"])
    assert [[clip.label for clip in column] for column in columns] == [
        ["mixture", "drums and bass"],
        ["drums, refined"],
        ["bass, true", "bass, refined"],
    ]
    numbered = arrange([clip(f"part {n}, refined") for n in (1, 10)], ["part 1", "part 10"])
    assert [[clip.label for clip in column] for column in numbered] == [
        ["part 1, refined"],
        ["part 10, refined"],
    ]


def test_sections_are_read_and_equal_sounds_kept_once(run: ReportFiles) -> None:
    library = AudioLibrary()
    sections = read_sections(run.listening, ["drums", "bass"], 64, library)
    assert [section.id for section in sections] == ["excerpts", "recompositions", "generation"]
    row = sections[0].rows[0]
    assert [len(column) for column in row.columns] == [2, 3, 3]
    assert row.columns[1][0].score == 8.04
    assert row.columns[0][0].seconds == 0.5
    before = len(library.clips)
    read_sections(run.listening, ["drums", "bass"], 64, library)
    assert len(library.clips) == before


def test_a_missing_sound_and_a_broken_index_are_named(run: ReportFiles) -> None:
    (run.listening / "made/1.flac").unlink()
    with pytest.raises(ReportError, match=r"1\.flac cannot be read as audio"):
        read_sections(run.listening, ["drums", "bass"], 64, AudioLibrary())
    (run.listening / "index.json").write_text(json.dumps({"sections": [{"id": "excerpts"}]}))
    with pytest.raises(ReportError, match=r"index\.json lacks 'rows'"):
        read_sections(run.listening, ["drums", "bass"], 64, AudioLibrary())

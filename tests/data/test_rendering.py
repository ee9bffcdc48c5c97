from itertools import combinations

import numpy as np
import pytest

from dirac.data import rendering
from dirac.data.banks import load_instruments
from dirac.data.mixing import PEAK, mix_song, sum_voices
from dirac.data.music import drums
from dirac.data.music.song import BASS, DRUMS, Note, Part, Song
from dirac.data.music.styles import STYLES, Style
from dirac.data.rendering import active_rms, render_part, render_voices
from dirac.data.soundfont import Samples

RATE = 16000


def stems_of(song: Song, seconds: float) -> list[Samples]:
    mixed = mix_song(song, round(seconds * RATE), RATE, load_instruments())
    return [sum_voices(voices) for voices in mixed]


def stem_of(inst_class: str, program: int, *notes: Note) -> Samples:
    """Ten seconds of one part at 60 beats a minute: a beat is a second."""
    song = Song("rock", 60.0, (), (Part(inst_class, program, 0.0, notes),))
    return stems_of(song, 10.0)[0]


def drums_of(style: Style) -> set[int]:
    written = {drum for lane in style.lanes for drum, _ in lane} | set(style.extras)
    return written | {drums.CRASH, drums.SNARE, drums.KICK, *drums.TOMS}


def rms_db(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples))))


def test_notes_sound_where_they_are_written() -> None:
    stem = stem_of(BASS, 33, Note(2.0, 1.0, 40, 100))
    assert stem.shape == (10 * RATE,)
    assert stem.dtype == np.float32
    assert np.abs(stem[: 2 * RATE - 20]).max() == 0  # but for the ringing of the resampler
    assert np.abs(stem[2 * RATE : 2 * RATE + RATE // 10]).max() > 0.1
    assert np.abs(stem[3 * RATE - RATE // 10 : 3 * RATE]).max() > 0.01
    assert np.abs(stem[4 * RATE :]).max() == 0


def test_velocity_is_heard_as_the_sound_font_standard_has_it() -> None:
    stem = stem_of(BASS, 33, Note(0.0, 1.0, 40, 120), Note(5.0, 1.0, 40, 60))
    loud, soft = stem[:RATE], stem[5 * RATE : 6 * RATE]
    assert rms_db(loud) - rms_db(soft) == pytest.approx(40 * np.log10(120 / 60), abs=0.01)


@pytest.mark.parametrize("kit", [0, 8, 16, 25, 32, 40, 48])
def test_drums_of_every_kit_are_balanced(kit: int) -> None:
    stem = stem_of(
        DRUMS, kit, Note(0.0, 0.5, drums.KICK, 100), Note(4.0, 0.5, drums.CLOSED_HAT, 100)
    )
    n_hit = round(rendering.HIT_SECONDS * RATE)
    difference = rms_db(stem[:n_hit]) - rms_db(stem[4 * RATE : 4 * RATE + n_hit])
    wanted = rendering.BALANCE_DB[drums.KICK] - rendering.BALANCE_DB[drums.CLOSED_HAT]
    assert difference == pytest.approx(wanted, abs=1.0)  # what lies above the band is lost


def test_drums_sound_longer_than_a_click() -> None:
    used = {(kit, drum) for style in STYLES for kit in style.kits for drum in drums_of(style)}
    (bank,) = load_instruments().banks
    for kit, drum in sorted(used):
        hit = bank.drum(kit, drum, 100, 0.5, RATE)
        n_click = RATE // (125 if drum == drums.STICK else 50)  # the 808's rim shot is a click
        assert np.abs(hit[n_click:]).max() > 0.02 * np.abs(hit).max(), (kit, drum)


def test_parts_are_mixed_at_their_levels_and_peak_together() -> None:
    parts = (
        Part(BASS, 33, -6.0, tuple(Note(float(beat), 1.0, 40, 100) for beat in range(10))),
        Part(DRUMS, 0, 0.0, tuple(Note(float(beat), 0.5, 36, 100) for beat in range(10))),
    )
    bass, kick = stems_of(Song("rock", 60.0, (), parts), 10.0)
    levels = [20 * np.log10(active_rms(stem, RATE)) for stem in (bass, kick)]
    assert levels[1] - levels[0] == pytest.approx(6.0, abs=1e-3)
    assert np.abs(bass + kick).max() <= PEAK + 1e-6
    assert max(np.abs(sound).max() for sound in (bass, kick, bass + kick)) == pytest.approx(PEAK)


def test_active_rms_leaves_silence_out() -> None:
    tone = np.sin(np.arange(RATE * 4) * 0.5).astype(np.float32)
    half = np.concatenate([tone, np.zeros_like(tone)])
    assert active_rms(half, RATE) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    assert active_rms(np.zeros(RATE, np.float32), RATE) == 0


def test_voices_add_up_to_the_drums() -> None:
    played = (drums.KICK, drums.SNARE, drums.CLOSED_HAT, drums.TOMS[0], drums.CRASH, drums.SHAKER)
    notes = tuple(Note(float(beat), 0.5, drum, 100) for beat, drum in enumerate(played))
    place = (Part(DRUMS, 0, 0.0, notes), 60.0, 8 * RATE, RATE, load_instruments())
    voices = render_voices(*place)
    assert set(voices) == {*rendering.VOICES, rendering.PERCUSSION}
    assert all(voice.any() for voice in voices.values())
    np.testing.assert_allclose(sum(voices.values()), render_part(*place), atol=1e-5)


def test_what_a_kit_lacks_another_plays() -> None:
    stem = stem_of(DRUMS, 99, Note(0.0, 0.5, drums.KICK, 100))  # there is no kit 99
    np.testing.assert_array_equal(stem, stem_of(DRUMS, 0, Note(0.0, 0.5, drums.KICK, 100)))


def test_patches_play_bass_and_drums() -> None:
    """Each as itself: None is an instrument that was recorded."""
    played = [(BASS, 33, Note(0.0, 1.0, 40, 100)), (DRUMS, 0, Note(0.0, 1.0, drums.KICK, 100))]
    for inst_class, program, note in played:
        parts = [Part(inst_class, program, 0.0, (note,), patch=patch) for patch in (None, 3, 4)]
        stems = [stems_of(Song("rock", 60.0, (), (part,)), 4.0)[0] for part in parts]
        assert all(np.isfinite(stem).all() and stem.any() for stem in stems)
        assert not any(np.allclose(one, other, atol=0.01) for one, other in combinations(stems, 2))

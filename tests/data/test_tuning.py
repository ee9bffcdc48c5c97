import numpy as np
import pytest

from dirac.data.banks import load_instruments
from dirac.data.music import drums
from dirac.data.music.song import DRUMS, Note, Part
from dirac.data.rendering import render_part
from dirac.data.tuning import SEMITONES, Tuning, draw_tuning, tuned

RATE = 16000


def test_a_tuned_stroke_is_higher_and_shorter() -> None:
    time = np.arange(RATE) / RATE
    stroke = np.sin(2 * np.pi * 200 * time).astype(np.float32)
    octave = tuned(stroke, Tuning(12.0, np.inf), RATE)
    assert octave.shape == (RATE // 2,)
    np.testing.assert_allclose(octave, np.sin(2 * np.pi * 400 * time[: RATE // 2]), atol=0.01)


def test_a_damped_stroke_falls_by_60_db_in_its_time() -> None:
    damped = tuned(np.ones(RATE, np.float32), Tuning(0.0, 0.5), RATE)
    assert damped[[0, RATE // 4, RATE // 2]] == pytest.approx([1, 10**-1.5, 1e-3])


def test_every_drum_of_a_kit_has_its_own_tuning_and_keeps_it() -> None:
    drawn = [draw_tuning(7, drum) for drum in (drums.KICK, drums.SNARE, drums.KICK)]
    assert drawn[0] == drawn[2] != drawn[1]
    assert all(SEMITONES[0] <= one.semitones <= SEMITONES[1] for one in drawn)


def test_kits_are_tuned_at_their_share_and_are_as_loud_as_before() -> None:
    instruments = load_instruments(tuning=0.5)
    rng = np.random.default_rng(0)
    drawn = [instruments.draw(rng, (0,), True).tuning for _ in range(400)]
    assert np.mean([one is not None for one in drawn]) == pytest.approx(0.5, abs=0.1)
    assert all(instruments.draw(rng, (33,), False).tuning is None for _ in range(50))
    kicks = [
        render_part(
            Part(DRUMS, 0, 0.0, (Note(0.0, 1.0, drums.KICK, 100),), tuning=tuning),
            60.0,
            RATE // 2,
            RATE,
            instruments,
        )
        for tuning in (None, 1, 2)
    ]
    levels = [20 * np.log10(np.sqrt(np.mean(np.square(kick[: 2 * RATE // 5])))) for kick in kicks]
    assert levels == pytest.approx([levels[0]] * 3, abs=1.0)
    assert not np.allclose(kicks[0], kicks[1], atol=0.01)

from pathlib import Path

import numpy as np
import pytest

from dirac.data.banks import find_sound_font
from dirac.data.music.composer import PROGRAMS
from dirac.data.music.song import BASS, PIANO
from dirac.data.soundfont import DECAY, SUSTAIN, Samples, SoundFont, _envelope, load_soundfont

RATE = 48000


@pytest.fixture(scope="module")
def font() -> SoundFont:
    return load_soundfont(find_sound_font())


def fundamental(tone: Samples, guess: float) -> float:
    """The frequency near guess (within a fourth) whose first six harmonics hold most."""
    n = 8 * len(tone)
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), n))
    spectrum = np.log1p(1000 * spectrum / spectrum.max())
    candidates = guess * 2 ** (np.arange(-40, 41) / 96)
    harmonics = np.rint(candidates[:, None] * np.arange(1, 7) * n / RATE).astype(int)
    return float(candidates[spectrum[harmonics].sum(axis=1).argmax()])


@pytest.mark.parametrize("program", [*PROGRAMS[BASS], *PROGRAMS[PIANO]])
@pytest.mark.parametrize("pitch", [33, 45, 57])
def test_notes_are_in_tune(font: SoundFont, program: int, pitch: int) -> None:
    expected = 440 * 2 ** ((pitch - 69) / 12)
    heard = fundamental(font.tone((0, program), pitch, 100, 1.0, RATE), expected)
    assert 1200 * abs(np.log2(heard / expected)) < 30  # cents


def test_tones_last_as_long_as_held_and_then_fade(font: SoundFont) -> None:
    tone = font.tone((0, 33), 40, 100, 1.0, RATE)
    assert tone.dtype == np.float32
    assert np.abs(tone[RATE - 2000 : RATE]).max() > 0.01
    assert len(tone) > RATE
    assert np.abs(tone[-100:]).max() < 1e-3 * np.abs(tone).max()


def test_envelope_decays_straight_in_decibels() -> None:
    generators = dict.fromkeys(range(34, 39), -12000) | {DECAY: 0, SUSTAIN: 500}
    envelope = _envelope(generators, 1.0, 1000)  # 100 dB a second, down to -50 dB
    assert 20 * np.log10(envelope[251]) == pytest.approx(-25, abs=0.2)
    assert 20 * np.log10(envelope[900]) == pytest.approx(-50, abs=0.01)


def test_what_is_not_there_is_said(font: SoundFont, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="bank 77, program 3"):
        font.tone((77, 3), 60, 100, 1.0, RATE)
    (tmp_path / "no.sf2").write_bytes(b"RIFF no sound font at all")
    with pytest.raises(ValueError, match=r"no\.sf2 is not a SoundFont 2 file"):
        load_soundfont(tmp_path / "no.sf2")

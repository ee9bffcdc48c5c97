from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from dirac.audio.files import AudioError
from dirac.audio.songs import AudioFile, Recording

SPANS = [(0, 4000), (1000, 5000), (1500, 7000), (7000, 9000)]
LATE = [(1200, 4000), (4100, 5000), (4900, 9000)]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_spans_are_those_of_the_whole(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song{suffix}"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal((9000, 2)), 16000)
    whole, _ = soundfile.read(path, dtype="float32")
    song = AudioFile(path)
    assert (song.sample_rate, song.n_samples, song.n_channels) == (16000, 9000, 2)
    for spans in (SPANS, LATE):  # every call begins anew
        for (start, stop), span in zip(spans, song.spans(spans), strict=True):
            np.testing.assert_allclose(span.T, whole[start:stop], atol=1e-6)


def test_what_is_missing_or_wrong_in_a_file_is_told_where_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    samples = np.zeros(9000)
    samples[5000] = np.nan
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    spans = AudioFile(path).spans(SPANS)
    assert next(spans).shape == (1, 4000)
    with pytest.raises(AudioError, match=r"song\.wav holds values that are not finite"):
        list(spans)
    finite = tmp_path / "finite.wav"
    soundfile.write(finite, np.zeros(9000), 16000)
    with pytest.raises(AudioError, match="is truncated: it ends after 9000 of 9000"):
        list(AudioFile(finite).spans([(0, 4000), (4000, 9001)]))
    with pytest.raises(AudioError, match="there is no such file"):
        AudioFile(tmp_path / "nowhere.wav")


def test_a_recording_is_a_song() -> None:
    waveform = torch.randn(2, 9000)
    spans = Recording(waveform, 8000).spans(SPANS)
    assert all(torch.equal(s, waveform[:, a:b]) for s, (a, b) in zip(spans, SPANS, strict=True))


@pytest.mark.parametrize(
    ("waveform", "rate", "reason"),
    [
        (torch.zeros(1, 8, dtype=torch.float64), 8000, "a tensor of float32"),
        (np.zeros((1, 8), np.float32), 8000, "a tensor of float32"),
        (torch.zeros(1, 8), 0, "a sample rate must be from 100"),
    ],
)
def test_what_is_no_recording_is_told(waveform: Tensor, rate: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Recording(waveform, rate)

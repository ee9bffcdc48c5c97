import time

import numpy as np
import pytest
import soundfile
import torch

from dirac.audio.files import (
    AudioError,
    audio_info,
    read_audio,
    resample,
    to_channels,
    write_audio,
)


@pytest.fixture
def noise() -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal((2, 44100))).astype(np.float32)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".flac", 2**-15), (".wav", 2**-23)])
def test_a_written_file_is_read_back(tmp_path, noise, suffix, tolerance):
    path = tmp_path / "folder" / f"noise{suffix}"
    write_audio(path, noise, 44100)
    assert audio_info(path) == (44100, 44100, 2)
    waveform, sample_rate = read_audio(path)
    assert waveform.shape == noise.shape
    assert waveform.dtype == np.float32
    assert sample_rate == 44100
    np.testing.assert_allclose(waveform, noise, atol=tolerance)
    part, _ = read_audio(path, start=1000, n_samples=500)
    np.testing.assert_array_equal(part, waveform[:, 1000:1500])


def test_the_same_waveform_gives_the_same_bytes(tmp_path, noise):
    paths = [tmp_path / f"noise{suffix}" for suffix in (".flac", ".wav", ".mp3")]
    contents = []
    for pause in (0, 1.01):
        time.sleep(pause)  # after which a time of day in a header would differ
        for path in paths:
            write_audio(path, torch.from_numpy(noise), 44100)
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_values_out_of_range_are_clipped(tmp_path):
    path = tmp_path / "loud.flac"
    write_audio(path, np.array([[2.0, -2.0, 0.5]], np.float32), 8000)
    np.testing.assert_allclose(read_audio(path)[0], [[1, -1, 0.5]], atol=2**-14)


def test_a_truncated_flac_is_one_clear_error(tmp_path, noise):
    path = tmp_path / "noise.flac"
    write_audio(path, noise, 44100)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(AudioError, match=r"noise\.flac"):
        read_audio(path)
    assert read_audio(path, 0, 1000)[0].shape == (2, 1000)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), (b"no audio", "cannot be read as audio")]
)
def test_what_is_no_audio_is_named(tmp_path, content, message):
    path = tmp_path / "song.wav"
    if content is not None:
        path.write_bytes(content)
    for read in (read_audio, audio_info):
        with pytest.raises(AudioError, match=rf"song\.wav.*{message}"):
            read(path)


def test_reading_past_the_end_is_an_error(tmp_path, noise):
    path = tmp_path / "noise.wav"
    write_audio(path, noise, 44100)
    for start, n_samples in ((44100, 1), (0, 44101), (-1, 5), (44101, None)):
        with pytest.raises(AudioError, match="44100 samples"):
            read_audio(path, start, n_samples)


@pytest.mark.parametrize("rate", [24000, 44100])
def test_a_place_in_an_mp3_of_few_bits_sounds_as_in_the_whole(tmp_path, rate):
    path = tmp_path / "song.mp3"
    noise = 0.2 * np.random.default_rng(0).standard_normal((8 * rate, 2))
    soundfile.write(path, noise, rate, compression_level=0.99, bitrate_mode="CONSTANT")
    whole, _ = read_audio(path)
    for start in range(1000, whole.shape[1] - 2000, 9000):
        there, _ = read_audio(path, start, 2000)
        np.testing.assert_allclose(there, whole[:, start : start + 2000], atol=1e-6)


def test_values_that_are_not_finite_are_an_error(tmp_path):
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.array([0.1, np.nan]), 8000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav.*not finite"):
        read_audio(path)


def test_values_that_are_no_sound_are_an_error(tmp_path):
    path = tmp_path / "loud.wav"
    soundfile.write(path, np.array([2.0**31, -1e20]), 8000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"loud\.wav holds values of up to 1e\+20"):
        read_audio(path)
    assert read_audio(path, 0, 1)[0] == 2.0**31


def test_a_flac_that_does_not_say_how_long_it_is_is_an_error(tmp_path, noise):
    path = tmp_path / "streamed.flac"
    write_audio(path, noise, 44_100)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # of STREAMINFO: the number of samples, 36 bits
    content[22:26] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"streamed\.flac does not say how long it is"):
        read_audio(path)


def test_unwritable_waveforms_are_named(tmp_path):
    with pytest.raises(AudioError, match="suffix"):
        write_audio(tmp_path / "song.ogg", np.zeros((1, 10), np.float32), 8000)
    with pytest.raises(AudioError, match=r"\(channels, time\)"):
        write_audio(tmp_path / "song.wav", np.zeros(10, np.float32), 8000)
    assert not list(tmp_path.iterdir())


def test_resampling_keeps_a_sine_and_removes_what_would_alias():
    time_in, time_out = np.arange(44100) / 44100, np.arange(24000) / 24000
    low = np.sin(2 * np.pi * 1000 * time_in, dtype=np.float32)
    high = np.sin(2 * np.pi * 15000 * time_in, dtype=np.float32)
    resampled = resample(np.stack([low, high]), 44100, 24000)
    assert resampled.shape == (2, 24000)
    inside = slice(200, -200)
    expected = np.sin(2 * np.pi * 1000 * time_out)
    np.testing.assert_allclose(resampled[0, inside], expected[inside], atol=2e-3)
    assert np.abs(resampled[1, inside]).max() < 5e-3


def test_resampling_gives_back_the_kind_it_got():
    waveform = torch.randn(1, 100)
    assert resample(waveform, 8000, 8000) is waveform
    assert isinstance(resample(waveform, 8000, 12000), torch.Tensor)
    assert resample(waveform.numpy(), 3, 2).shape == (1, 67)  # ceil


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_channels_are_averaged_down_and_repeated_up(kind):
    stereo = kind(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32))
    assert to_channels(stereo, 2) is stereo
    assert to_channels(stereo, 1).tolist() == [[2, 4]]
    assert to_channels(to_channels(stereo, 1), 2).tolist() == [[2, 4], [2, 4]]
    assert isinstance(to_channels(stereo, 1), type(stereo))

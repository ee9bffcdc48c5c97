import numpy as np
import pytest
import soundfile

from dirac.audio.files import AudioError, AudioInfo, resample
from dirac.data.errors import DataError
from dirac.data.tracks import (
    Stem,
    Track,
    check_sources,
    mix,
    read_sources,
    sources_of,
    track_info,
    tracks_with,
)


def noise(seed, n_samples, n_channels=1):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n_channels, n_samples))


def make_track(folder, rate=8000, n_samples=8000, **stems):
    """Every stem is a list of (channels, time), written as float wav."""
    of_source = {}
    for source, waveforms in stems.items():
        for i, waveform in enumerate(waveforms):
            path = folder / f"{source}{i}.wav"
            soundfile.write(path, waveform.T, rate, subtype="FLOAT")
            of_source[source] = (*of_source.get(source, ()), Stem(path))
    return Track("train-Track00001", "train", rate, n_samples, of_source)


def test_stems_of_a_source_are_averaged_and_an_absent_source_is_silent(tmp_path):
    first, second, drums = (noise(seed, 8000).astype(np.float32) for seed in range(3))
    track = make_track(tmp_path, piano=[first, second], drums=[drums])
    read = read_sources(track, ("drums", "bass", "piano"), 0.25, 0.5, 8000, 1)
    assert read.dtype == np.float32
    cut = slice(2000, 6000)
    np.testing.assert_array_equal(read[0], drums[:, cut])
    np.testing.assert_array_equal(read[1], np.zeros((1, 4000)))
    np.testing.assert_allclose(read[2], (first + second)[:, cut] / 2, atol=1e-7)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44100, 24000), (44100, 16000), (16000, 24000)])
def test_an_excerpt_is_the_cut_of_the_resampled_track(tmp_path, from_rate, to_rate):
    whole = noise(0, 3 * from_rate).astype(np.float32)
    track = make_track(tmp_path, from_rate, 3 * from_rate, drums=[whole])
    expected = resample(whole, from_rate, to_rate)
    for start in (0.0, 0.01, 1.0, 2.0):
        read = read_sources(track, ("drums",), start, 1.0, to_rate, 1)[0]
        first = round(start * to_rate)
        assert read.shape == (1, to_rate)
        np.testing.assert_allclose(read, expected[:, first : first + to_rate], atol=1e-5)


@pytest.mark.parametrize("duration", [0.1, 1 / 3, 0.77777, 1.0])
@pytest.mark.parametrize("rate", [8000, 11025, 24000])
def test_the_number_of_samples_is_exact(tmp_path, duration, rate):
    track = make_track(tmp_path, drums=[noise(0, 8000)])
    assert read_sources(track, ("drums",), 0.0, duration, rate, 1).shape[-1] == round(
        duration * rate
    )


def test_channels_are_averaged_down_and_repeated_up(tmp_path):
    stereo, mono = noise(0, 8000, 2).astype(np.float32), noise(1, 8000).astype(np.float32)
    track = make_track(tmp_path, drums=[stereo], bass=[mono])
    one = read_sources(track, ("drums",), 0.0, 1.0, 8000, 1)
    np.testing.assert_allclose(one[0, 0], stereo.mean(0), atol=1e-7)
    two = read_sources(track, ("drums", "bass"), 0.0, 1.0, 8000, 2)
    np.testing.assert_array_equal(two[0], stereo)
    np.testing.assert_array_equal(two[1], np.concatenate([mono, mono]))


def test_a_stem_that_ends_a_little_early_ends_in_silence(tmp_path):
    short = noise(0, 7900).astype(np.float32)
    track = make_track(tmp_path, drums=[short])
    read = read_sources(track, ("drums",), 0.5, 0.5, 8000, 1)[0]
    np.testing.assert_array_equal(read[:, :3900], short[:, 4000:])
    np.testing.assert_array_equal(read[:, 3900:], np.zeros((1, 100)))


@pytest.mark.parametrize("start", [-0.5, 0.6])
def test_an_excerpt_outside_the_track_is_an_error(tmp_path, start):
    track = make_track(tmp_path, drums=[noise(0, 8000)])
    with pytest.raises(DataError, match=r"train-Track00001 lasts 1\.000 s"):
        read_sources(track, ("drums",), start, 0.5, 8000, 1)


def test_a_truncated_flac_is_named(tmp_path):
    path = tmp_path / "drums.flac"
    soundfile.write(path, noise(0, 80000).T, 8000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    track = Track("train-Track00001", "train", 8000, 80000, {"drums": (Stem(path),)})
    with pytest.raises(AudioError, match=r"drums\.flac"):
        read_sources(track, ("drums",), 7.0, 3.0, 8000, 1)


def test_the_mixture_is_the_mean():
    sources = np.stack([np.ones((2, 4)), 3 * np.ones((2, 4))]).astype(np.float32)
    np.testing.assert_array_equal(mix(sources), 2 * np.ones((2, 4)))
    assert mix(sources).dtype == np.float32


def test_an_unknown_source_is_answered_with_those_that_exist(tmp_path):
    tracks = [
        Track("a", "train", 8000, 1, {"drums": ()}),
        Track("b", "test", 8000, 1, {"piano": (), "bass": ()}),
    ]
    assert sources_of(tracks) == ["bass", "drums", "piano"]
    check_sources(tracks, ("drums", "piano"))
    assert tracks_with(tracks, ("drums", "kazoo")) == tracks[:1]
    assert tracks_with(tracks, ("drums", "bass")) == tracks
    with pytest.raises(DataError, match="no track has kazoo; there are bass, drums, piano"):
        check_sources(tracks, ("drums", "kazoo"))


def test_files_of_a_track_must_agree(tmp_path):
    mixture, stem = tmp_path / "mix.flac", tmp_path / "S01.flac"
    whole = AudioInfo(8000, 16000, 1)
    assert track_info("T", {mixture: whole, stem: AudioInfo(8000, 15300, 2)}) == whole
    with pytest.raises(DataError, match=r"S01\.flac has 15000 samples, but mix\.flac.*16000"):
        track_info("T", {mixture: whole, stem: AudioInfo(8000, 15000, 1)})
    with pytest.raises(DataError, match=r"S01\.flac has 16000 Hz, but mix\.flac.*8000"):
        track_info("T", {mixture: whole, stem: AudioInfo(16000, 16000, 1)})
    with pytest.raises(DataError, match=r"mix\.flac is empty"):
        track_info("T", {mixture: AudioInfo(8000, 0, 1)})

"""An .mp3 that does not say how long it is: all of it is read, and is what it is with a count."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.audio.counted import counted
from dirac.audio.files import AudioError, audio_info, read_audio
from dirac.audio.mpeg import runs
from dirac.audio.songs import AudioFile

from .broken_files import field, uncounted

DELAY = 576 + 529  # samples of LAME and of a decoder, that are left out where they are told
ID3 = b"ID3\4\0\0\0\1\0\0" + bytes(1 << 14)
PICTURE = b"\xff\xfb\x90\x44" + bytes(413) + b"\xff\xfb\x90\x44" + bytes(99)  # two frames by chance
END = b"TAG" + b"x" * 125


def encoded(rate: int, n_channels: int = 2, mode: str = "VARIABLE", seconds: float = 1) -> bytes:
    """By LAME, with a count: noise that grows, so that frames differ in size."""
    noise = np.random.default_rng(0).standard_normal((round(seconds * rate), n_channels))
    noise *= np.linspace(0, 0.2, len(noise))[:, None] ** 2
    file = io.BytesIO()
    soundfile.write(file, noise, rate, "MPEG_LAYER_III", format="MP3", bitrate_mode=mode)
    return file.getvalue()


def read(path: Path, content: bytes) -> np.ndarray:
    """(time, channels)"""
    path.write_bytes(content)
    waveform, rate = read_audio(path)
    assert audio_info(path) == (rate, waveform.shape[1], waveform.shape[0])
    return waveform.T


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "song.mp3"


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("rate", [48_000, 44_100, 32_000, 22_050, 24_000, 16_000, 11_025, 8000])
def test_it_is_read_as_with_a_count(path: Path, rate: int, n_channels: int, mode: str) -> None:
    content = encoded(rate, n_channels, mode)
    counted, whole = read(path, content), read(path, uncounted(content))
    n_frames = int.from_bytes(content[content.index(b"LAME") - 112 :][:4], "big")
    assert len(whole) == n_frames * (1152 if rate >= 32_000 else 576)
    np.testing.assert_allclose(whole[DELAY:][: len(counted)], counted, atol=1e-6)


def test_any_part_of_it_is_read(path: Path) -> None:
    whole = read(path, uncounted(encoded(44_100)))
    song = AudioFile(path)
    song.check()
    spans = [(0, 4000), (1000, 9000), (20_001, song.n_samples)]
    for (start, stop), span in zip(spans, song.spans(spans), strict=True):
        np.testing.assert_allclose(span.T, whole[start:stop], atol=1e-6)
        np.testing.assert_allclose(
            read_audio(path, start, stop - start)[0].T, whole[start:stop], atol=1e-6
        )
    assert read_audio(path, song.n_samples)[0].shape == (2, 0)
    with pytest.raises(AudioError, match="are not in it"):
        read_audio(path, song.n_samples - 1, 2)


def test_what_is_no_frame_is_passed_over(path: Path) -> None:
    content = uncounted(encoded(44_100))
    whole = read(path, content)
    for front in (b"", ID3, ID3 + ID3, ID3 + PICTURE, bytes(1000), b"?" * 200):
        for end in (b"", END, b"APETAGEX" + PICTURE + END, bytes(5000), content[:100]):
            np.testing.assert_array_equal(read(path, front + content + end), whole)
    twice = np.concatenate([whole, whole])
    for between in (b"", END, END + ID3, ID3 + PICTURE, bytes(5000)):
        chained = read(path, content + between + content)
        assert chained.shape == twice.shape
        np.testing.assert_allclose(chained, twice, atol=0.05)  # one song fades into the next
        np.testing.assert_allclose(chained[-30_000:], whole[-30_000:], atol=1e-6)
    assert len(read(path, content[:-1])) == len(whole) - 1152


def test_a_first_frame_that_tells_something_else_is_no_sound(path: Path) -> None:
    content = encoded(44_100)
    whole, place = read(path, uncounted(content)), content.index(b"Xing")
    for offset, value in ((0, int.from_bytes(b"VBRI", "big")), (4, 14), (8, 0)):  # flags, frames
        changed = field(place + offset, ">I", value)(content)
        np.testing.assert_array_equal(read(path, ID3 + changed), whole)


def test_a_recording_that_begins_in_the_midst_begins_with_silence(path: Path) -> None:
    """Its first frames have sound in those before: of bytes in their place it would be a crack."""
    content = uncounted(encoded(44_100, mode="CONSTANT"))
    whole = read(path, content)
    for place in range(2000, len(content) - 4000, 700):
        part = read(path, content[place:])
        assert np.abs(part).max() < 2 * np.abs(whole).max()
        np.testing.assert_allclose(part[5000:], whole[len(whole) - len(part) + 5000 :], atol=1e-6)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (uncounted(encoded(44_100)) + uncounted(encoded(48_000)), "of several kinds"),
        (uncounted(encoded(44_100)) + uncounted(encoded(44_100, 1)), "of several kinds"),
        (encoded(44_100) + uncounted(encoded(44_100)), "several recordings, one after another"),
        ((b"\xff\xfb\0\x44" + bytes(413)) * 99, "free-format"),
        ((b"\xff\xfd\x80\x44" + bytes(413)) * 99, "not of layer III"),
    ],
)
def test_what_would_not_be_read_right_is_named(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    for opened in (audio_info, AudioFile, read_audio):
        with pytest.raises(AudioError, match=rf"song\.mp3 .*{reason}"):
            opened(path)


def test_a_damaged_one_is_read_as_far_as_its_frames_go(path: Path) -> None:
    random = np.random.default_rng(0)
    original = uncounted(encoded(24_000))
    for _ in range(40):
        content = bytearray(original)
        for place in random.integers(100, len(content), random.integers(1, 20)):
            content[place : place + random.integers(0, 60)] = random.bytes(random.integers(60))
        waveform = read(path, bytes(content))
        assert np.isfinite(waveform).all()
        AudioFile(path).check()


@pytest.mark.parametrize(
    "content", [b"\xff\xfb\x90\x44", PICTURE + b"?", b"\xff", b"\xff\xfb", ID3[:10]]
)
def test_a_walk_through_nonsense_ends(path: Path, content: bytes) -> None:
    path.write_bytes(content * (1_000_000 // len(content)))
    with counted(path) as copy:
        assert copy is None
    assert not list(runs(path.read_bytes()))


def test_where_there_is_no_room_for_a_copy_it_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, copy: object) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("dirac.audio.counted._write_counted", full)
    with pytest.raises(AudioError, match=r"song\.mp3 cannot be copied .*\(No space.*make room"):
        read(path, uncounted(encoded(24_000)))

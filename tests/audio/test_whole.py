"""What is read is all of a file, or it is an error."""

import os
import struct
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.audio.drafts import float_header
from dirac.audio.files import AudioError, audio_info, read_audio
from dirac.audio.songs import AudioFile
from dirac.audio.whole import CUT, MAX_CHUNKS, why_not_whole

from .broken_files import FORMATS, field, tone, written

RATE = 24_000
PLACES = (12, 30, 44, 60, 0.01, 0.1, 0.5, 0.9, 0.99, -1000, -44, -36, -8, -2, -1)
LARGE = 3 << 30  # bytes of sound, nowhere on the disk
Header = Callable[[Path, int], bytes]


def cut(content: bytes, place: float) -> bytes:
    return content[: int(place * len(content))] if 0 < place < 1 else content[: int(place)]


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize(("form", "subtype"), [*FORMATS, ("AIFF", "IMA_ADPCM"), ("CAF", "PCM_24")])
def test_no_cut_file_is_taken_for_a_shorter_one(
    tmp_path: Path, form: str, subtype: str, n_channels: int
) -> None:
    path = tmp_path / "song"
    noise = 0.1 * np.random.default_rng(0).standard_normal((RATE, n_channels))
    soundfile.write(path, noise, RATE, subtype, format=form)
    content, (whole, _) = path.read_bytes(), read_audio(path)
    n_refused = 0
    for place in PLACES:
        path.write_bytes(cut(content, place))
        try:
            np.testing.assert_array_equal(read_audio(path)[0], whole, err_msg=f"{place}")
        except AudioError:
            n_refused += 1
            with pytest.raises(AudioError):
                AudioFile(path).check()
    assert n_refused >= len(PLACES) - 1  # a last byte may be one that only fills up


@pytest.mark.parametrize("order", ["<", ">"])
def test_tags_hide_no_cut(tmp_path: Path, order: str) -> None:
    """They fill what libsndfile notes of opening."""
    path = tmp_path / "song.wav"
    soundfile.write(path, tone(), RATE, endian="LITTLE" if order == "<" else "BIG")
    content = path.read_bytes()
    tags = b"".join(struct.pack(f"{order}4sI", b"INAM", 200) + b"x" * 200 for _ in range(20))
    tags = struct.pack(f"{order}4sI4s", b"LIST", 4 + len(tags), b"INFO") + tags
    size = struct.pack(f"{order}I", len(content) + len(tags) - 8)
    content = content[:4] + size + content[8:36] + tags + content[36:]
    path.write_bytes(content)
    assert audio_info(path).n_samples == len(tone())
    path.write_bytes(content[:-2])
    with pytest.raises(AudioError, match=r"song\.wav is truncated"):
        audio_info(path)


def floats(path: Path, n_bytes: int) -> bytes:
    return float_header(n_bytes // 8, 2, 48_000)


def patched(form: str, offset: int, kind: str, counted: int = 0) -> Header:
    """Of libsndfile, with another size of the sound, at an offset from the end of the header."""

    def header(path: Path, n_bytes: int) -> bytes:
        soundfile.write(path, np.zeros((1, 2)), 48_000, "FLOAT", format=form)
        head = path.read_bytes()[:-8]
        return field(len(head) + offset, kind, n_bytes + counted)(head)

    return header


@pytest.mark.parametrize(
    ("header", "n_bytes"),
    [
        (floats, LARGE),
        (floats, 2 * LARGE),  # RF64
        (patched("CAF", -12, ">Q", counted=4), LARGE),
        (patched("W64", -8, "<Q", counted=24), 2 * LARGE),
    ],
)
def test_large_files_are_read_and_what_is_cut_of_them_is_not(
    tmp_path: Path, header: Header, n_bytes: int
) -> None:
    path = tmp_path / "song"
    head = header(path, n_bytes)
    path.write_bytes(head)
    os.truncate(path, len(head) + n_bytes)
    n_samples = n_bytes // 8
    assert audio_info(path).n_samples == n_samples
    assert read_audio(path, n_samples - 10)[0].shape == (2, 10)
    for left in (n_bytes - 1, n_bytes // 2, 1000):
        os.truncate(path, len(head) + left)
        with pytest.raises(AudioError, match=r"song .*truncated"):
            audio_info(path)


def test_what_is_too_long_for_libsndfile_is_not_taken_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "song.au"
    head = struct.pack(">4s5I", b".snd", 24, LARGE, 3, 48_000, 2)
    path.write_bytes(head)
    os.truncate(path, len(head) + LARGE)
    with pytest.raises(AudioError, match=r"song\.au .* is too long for its format"):
        read_audio(path)


@pytest.mark.parametrize(
    ("form", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
def test_recordings_one_after_another_are_named(tmp_path: Path, form: str, subtype: str) -> None:
    first, second = (
        written(name, subtype, form, rate=RATE, seconds=seconds)(tmp_path).read_bytes()
        for name, seconds in (("a", 3), ("b", 0.1))
    )
    path = tmp_path / "c"
    path.write_bytes(first + second)
    for read in (read_audio, audio_info, AudioFile):
        with pytest.raises(AudioError, match="c holds several recordings, one after another"):
            read(path)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_file_ends_with_its_last_page(tmp_path: Path, subtype: str) -> None:
    path = written("a.ogg", subtype, "OGG", rate=RATE, seconds=9)(tmp_path)
    content = path.read_bytes()
    ends = list(accumulate(len(page) + 4 for page in content.split(b"OggS")[1:]))
    assert len(ends) > 3
    assert ends[-1] == len(content)
    for end in ends[:-1]:
        path.write_bytes(content[:end])
        with pytest.raises(AudioError):
            read_audio(path)
    path.write_bytes(content + b"TAG" + bytes(125))
    assert read_audio(path)[0].shape == (1, 9 * RATE)


@pytest.mark.parametrize("form", ["VOC", "SVX", "NIST", "IRCAM", "PAF", "MAT5"])
def test_formats_that_nothing_is_known_of_are_named(tmp_path: Path, form: str) -> None:
    path = written("song.wav", form=form)(tmp_path)
    with pytest.raises(AudioError, match=r"song\.wav .* it is no \.wav, \.flac, \.mp3"):
        read_audio(path)


@pytest.mark.parametrize(
    "content",
    [
        b"OggS" + bytes(23),  # pages without anything in them
        b"OggS" + bytes(22) + b"\xff" + b"\xff" * 255,
        b"RIFF" + bytes(8) + (b"junk" + bytes(4)) * 2,
        b"riff" + bytes(36) + b"\xff" * 64,
        b"riff" + bytes(200),
        b"caff" + bytes(4) + (b"free" + b"\xff" * 8) * 3,
        b"RF64" + b"data" * 5,
    ],
)
def test_a_walk_through_nonsense_ends(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a"
    for repeated in (1, 2 * MAX_CHUNKS):
        path.write_bytes(content * repeated)
        assert why_not_whole(path, "WAV", 1) in (None, CUT)

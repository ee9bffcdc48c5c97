import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from dirac.audio.drafts import float_header, write_song
from dirac.audio.files import AudioError, read_audio, write_audio
from dirac.audio.parts import write_parts


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".mp3"])
def test_a_song_is_written_in_stretches(tmp_path: Path, suffix: str) -> None:
    song = 0.5 * torch.sin(torch.arange(48000) * 0.05).expand(2, -1)
    draft = write_song(tmp_path / "out" / f"song{suffix}", song.split(7000, dim=-1), 24000, 2)
    assert (draft.n_samples, draft.peak) == (48000, pytest.approx(0.5, abs=1e-3))
    samples, rate = read_audio(tmp_path / "out" / f"song{suffix}")
    assert rate == 24000
    np.testing.assert_allclose(samples[:, :47000], song[:, :47000], atol=0.05)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"song{suffix}"]


def test_a_song_that_would_clip_is_made_softer(tmp_path: Path) -> None:
    song = torch.tensor([[0.0, 1.5, -3.0, 0.3]])
    write_song(tmp_path / "song.wav", [song], 8000, 1)
    np.testing.assert_allclose(read_audio(tmp_path / "song.wav")[0], song / 3, atol=2**-22)


def test_a_format_that_is_not_known_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"song\.xyz: the suffix must be one of \.flac"):
        write_song(tmp_path / "song.xyz", iter(()), 8000, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n_samples", [0, 9, 3 << 29])
def test_headers_are_understood_also_beyond_4_gigabytes(tmp_path: Path, n_samples: int) -> None:
    path = tmp_path / "long.wav"
    header = float_header(n_samples, 2, 44100)
    path.write_bytes(header)
    with path.open("r+b") as file:
        file.truncate(len(header) + 8 * n_samples)  # sparse
    info = soundfile.info(path)
    assert (info.frames, info.channels, info.samplerate) == (n_samples, 2, 44100)
    assert (info.subtype, info.format) == ("FLOAT", "RF64" if n_samples > 9 else "WAV")


@contextmanager
def disk_of(n_bytes: int) -> Iterator[None]:
    """No file can be longer, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("missing", [1, 500, 2000])  # bytes at the end of the file
@pytest.mark.parametrize("name", ["a.flac", "a.wav", "a.mp3"])
def test_what_a_full_disk_does_not_take_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, missing: int
) -> None:
    monkeypatch.setattr("dirac.audio.drafts.TemporaryFile", lambda **_: io.BytesIO())
    path = tmp_path / name
    noise = torch.rand(1, 48000, generator=torch.Generator().manual_seed(0)) - 0.5

    def write_part() -> None:
        write_parts(tmp_path, ["a"], lambda _: [noise[None]], 24000, 1)

    for write in (
        lambda: write_song(path, [noise], 24000, 1),
        lambda: write_audio(path, noise, 24000),
        *([write_part] if name == "a.flac" else []),
    ):
        write()
        n_bytes = path.stat().st_size
        path.unlink()
        with disk_of(n_bytes):
            write()
        path.write_bytes(b"before")
        with (
            disk_of(n_bytes - missing),
            pytest.raises(AudioError, match=rf"{name} cannot be written"),
        ):
            write()
        assert path.read_bytes() == b"before"
        assert list(tmp_path.iterdir()) == [path]

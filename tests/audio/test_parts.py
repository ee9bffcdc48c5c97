import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dirac.audio.files import AudioError, audio_info, read_audio
from dirac.audio.parts import write_parts

NAMES = ("drums", "bass")


def split(parts: Tensor, start: int) -> Sequence[Tensor]:
    return parts[..., start:].split(300, dim=-1)


def write(folder: Path, parts: Tensor, rate: int) -> list[Path]:
    written = write_parts(folder, NAMES, partial(split, parts), rate, parts.shape[1])
    peaks = parts.abs().amax(dim=(1, 2)).tolist()
    assert [part.peak for part in written] == pytest.approx(peaks)
    return [part.path for part in written]


def interrupted(start: int) -> Iterator[Tensor]:
    yield noise(0.4)[..., :700]
    raise KeyboardInterrupt


def noise(peak: float, n_channels: int = 2) -> Tensor:
    """Two parts of a thousand samples, whose loudest sample is `peak`."""
    parts = torch.randn(2, n_channels, 1000, generator=torch.Generator().manual_seed(1))
    return parts * (peak / parts.abs().max())


@pytest.mark.parametrize(
    ("peak", "n_channels", "rate", "suffix"),
    [
        (1.0, 1, 8000, ".flac"),
        (0.5, 8, 192000, ".flac"),
        (1.01, 2, 44100, ".wav"),
        (0.5, 9, 44100, ".wav"),
        (0.5, 2, 100001, ".wav"),
    ],
)
def test_parts_are_read_back_whatever_their_peak_channels_and_rate(
    tmp_path: Path, peak: float, n_channels: int, rate: int, suffix: str
) -> None:
    parts = noise(peak, n_channels)
    paths = write(tmp_path / "song", parts, rate)
    assert paths == [tmp_path / "song" / f"{name}{suffix}" for name in NAMES]
    for path, part in zip(paths, parts, strict=True):
        samples, found = read_audio(path)
        assert found == rate
        np.testing.assert_allclose(samples, part, atol=0 if suffix == ".wav" else 2**-22)


def test_a_soft_song_keeps_its_detail(tmp_path: Path) -> None:
    parts = noise(1e-3)
    read = [read_audio(path)[0] for path in write(tmp_path, parts, 44100)]
    np.testing.assert_allclose(sum(read), parts.sum(0), atol=2**-21)


def test_the_same_parts_give_the_same_bytes_and_nothing_else(tmp_path: Path) -> None:
    contents = []
    for pause in (0, 1.01):
        time.sleep(pause)  # after which a time of day in a header would differ
        paths = [
            *write(tmp_path / "soft", noise(0.5), 8000),
            *write(tmp_path / "loud", noise(2.0), 8000),
        ]
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(paths)


def test_what_an_earlier_separation_left_goes(tmp_path: Path) -> None:
    for level, suffix in ((2.0, ".wav"), (0.5, ".flac"), (2.0, ".wav")):
        paths = write(tmp_path, noise(level), 8000)
        assert sorted(tmp_path.iterdir()) == sorted(paths)
        assert {path.suffix for path in paths} == {suffix}


def test_what_cannot_be_written_is_named_and_nothing_stays(tmp_path: Path) -> None:
    folder = tmp_path / "song"
    with pytest.raises(AudioError, match=r"drums\.flac and .*bass\.flac cannot be written"):
        write(folder, noise(0.5), 0)
    assert not folder.exists()
    assert audio_info(write(folder, noise(0.5), 8000)[0]) == (8000, 1000, 2)


def test_an_earlier_separation_stays_until_all_of_the_new_one_is_there(tmp_path: Path) -> None:
    before = [path.read_bytes() for path in write(tmp_path, noise(0.5), 8000)]

    with pytest.raises(KeyboardInterrupt):
        write_parts(tmp_path, NAMES, interrupted, 8000, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bass.flac", "drums.flac"]
    assert [(tmp_path / f"{name}.flac").read_bytes() for name in NAMES] == before


@pytest.mark.parametrize("torn", [0, 1, 8, 801])
def test_what_a_killed_process_kept_is_gone_on_from(tmp_path: Path, torn: int) -> None:
    kept, starts = tmp_path / "kept", []
    kept.mkdir()
    with pytest.raises(KeyboardInterrupt):
        write_parts(tmp_path / "song", NAMES, interrupted, 8000, 2, kept)
    with sorted(kept.iterdir())[0].open("r+b") as file:
        file.truncate(700 * 8 - torn)  # as where it was killed while it wrote

    def rest(start: int) -> Sequence[Tensor]:
        starts.append(start)
        return split(noise(0.4), start)

    for _ in range(2):  # the second is killed when all is there but the files
        whole = [
            part.path.read_bytes()
            for part in write_parts(tmp_path / "song", NAMES, rest, 8000, 2, kept)
        ]
    assert starts == [(700 * 8 - torn) // 8, 1000]
    other = write(tmp_path / "other", noise(0.4), 8000)
    assert whole == [path.read_bytes() for path in other]

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from dirac.audio.drafts import drafts, write_song
from dirac.audio.files import AudioError
from dirac.audio.parts import write_parts
from dirac.audio.places import in_place


def test_what_a_killed_process_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead, alive = process.pid, os.getppid()
    names = ["song[1].flac", "song1.flac"]
    left = [tmp_path / f".{name}.{number}.part" for name in names for number in (dead, alive)]
    others = [tmp_path / ".song[1].flac.old.part", tmp_path / ".song[1].wav.part"]
    for path in (*left, *others):
        path.touch()
    with in_place([tmp_path / names[0]]) as (beside,):
        beside.write_bytes(b"new")
    assert set(tmp_path.iterdir()) == {tmp_path / names[0], *left[1:], *others}


def test_a_folder_is_made_when_its_files_are_complete(tmp_path: Path) -> None:
    out = tmp_path / "out" / "song"

    def stretches(start: int) -> Iterator[Tensor]:
        for _ in range(2):
            yield torch.zeros(1, 1, 100)
            assert list(tmp_path.iterdir()) == []  # where a kill would leave nothing

    write_parts(out, ["a"], stretches, 8000, 1)
    with in_place([tmp_path / "late" / "b.flac"]) as (beside,):
        beside.touch()
        assert beside.parent == tmp_path
        assert not (tmp_path / "late").exists()
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"out/song/a.flac", "late/b.flac"}


def test_a_folder_that_cannot_be_is_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "lost").symlink_to("nowhere")
    for way in ("file", "file/song", "lost", "lost/song"):
        with pytest.raises(NotADirectoryError), drafts(tmp_path / way, 1, 1):
            pytest.fail("there are drafts")
    with pytest.raises(OSError, match="name too long"), drafts(tmp_path / ("n" * 300), 1, 1):
        pytest.fail("there are drafts")

    def refused(**_: Path) -> None:
        raise PermissionError(13, "Permission denied", "tmp123")

    monkeypatch.setattr("dirac.audio.drafts.TemporaryFile", refused)
    with pytest.raises(AudioError, match=r"out cannot be written to \(Permission denied\)"):
        write_song(tmp_path / "out" / "song.wav", iter(()), 8000, 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["b.flac", "b.wav"])
def test_a_folder_in_the_way_of_one_file_is_told_before_any_work(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    before = [tmp_path / name]
    with pytest.raises(AudioError, match=rf"{name} cannot be written: a folder of this name"):
        write_parts(tmp_path, ["a", "b"], lambda _: (), 8000, 1)
    with pytest.raises(AudioError, match=rf"{name} cannot be written: a folder of this name"):
        write_song(tmp_path / name, iter(()), 8000, 1)
    with pytest.raises(AudioError), in_place([tmp_path / "a.flac", tmp_path / name]):
        pytest.fail("there is a place for both")
    assert list(tmp_path.iterdir()) == before

import errno
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from filelock import FileLock

from dirac.scratch import (
    StartError,
    beside,
    check_start,
    fingerprint,
    from_root,
    project_root,
    publish,
    work_folder,
)

KEY = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def test_a_fingerprint_is_of_values_and_contents(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"a")
    second.write_bytes(b"b")
    same = fingerprint({"x": 1, "y": [2]}, [first, second])
    assert fingerprint({"y": [2], "x": 1}, [first, second]) == same
    others = [
        fingerprint({"x": 1, "y": [3]}, [first, second]),
        fingerprint({"x": 1, "y": [2]}, [second, first]),
        fingerprint({"x": 1, "y": [2]}, [first]),
    ]
    assert len({same, *others}) == 4
    second.write_bytes(b"c")
    assert fingerprint({"x": 1, "y": [2]}, [first, second]) != same


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fingerprint({}, [tmp_path / "nowhere"])


def test_the_root_is_dvcs_or_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project_root() == root
    monkeypatch.delenv("DVC_ROOT")
    assert project_root() == Path.cwd()


def test_paths_in_the_params_begin_at_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/of")
    assert from_root(Path("models/codec")) == root / "models" / "codec"
    assert from_root(Path("/elsewhere")) == Path("/elsewhere")
    assert from_root(Path("~/songs")) == Path("/home/of/songs")
    assert from_root(None) is None


def test_a_work_folder_outlives_an_error_and_goes_with_the_work(root: Path) -> None:
    def fail() -> None:
        with work_folder("stage", KEY) as folder:
            (folder / "half").write_text("done")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [path.name for path in (root / ".scratch").iterdir()] == ["stage-0123456789abcdef"]
    with work_folder("stage", KEY) as folder, work_folder("stage", "f" * 64) as other:
        assert (folder / "half").read_text() == "done"
        assert list(other.iterdir()) == []
    assert list((root / ".scratch").iterdir()) == []


def test_beside_the_output_a_finished_run_leaves_nothing_but_what_is_at_work(root: Path) -> None:
    output, scratch = root / "out" / "song", root / "out" / ".song.unfinished"
    left, at_work = scratch / "learn-0123", scratch / "learn-4567"

    def fail() -> None:
        with beside(output, "learn", KEY) as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    for folder in (left, at_work):
        folder.mkdir(parents=True)
    with FileLock(f"{at_work}.lock"):
        with pytest.raises(KeyboardInterrupt):
            fail()
        assert left.exists()
        with beside(output, "learn", KEY) as folder:
            assert (folder / "half").exists()
        assert {path.name for path in scratch.iterdir()} == {"learn-4567", "learn-4567.lock"}
    with beside(output, "learn", KEY):
        assert at_work.exists()
    assert not scratch.exists()


def test_an_equal_run_is_waited_for(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    entered = Event()

    def second() -> None:
        with work_folder("stage", KEY) as folder:
            assert list(folder.iterdir()) == []
            entered.set()

    with work_folder("stage", KEY) as folder:
        (folder / "mine").touch()
        waiting = Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
        assert (folder / "mine").exists()
    waiting.join(10)
    assert entered.is_set()
    assert "the same run of stage is at work" in capfd.readouterr().err
    assert list((root / ".scratch").iterdir()) == []


def test_who_waits_outlives_the_folder_of_all_work(root: Path) -> None:
    entered = Event()

    def second() -> None:
        with work_folder("stage", KEY, root / "kept"):
            entered.set()

    waiting = Thread(target=second)
    with work_folder("stage", KEY, root / "kept"):
        waiting.start()
        assert not entered.wait(0.3)
    with suppress(OSError):  # unless who waits is in it already
        (root / "kept").rmdir()
    waiting.join(10)
    assert entered.is_set()


def test_a_killed_run_holds_nobody_up(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = (
        "import time\nfrom dirac.scratch import work_folder\n"
        f"with work_folder('stage', '{KEY}') as folder:\n"
        "    (folder / 'half').touch()\n    time.sleep(60)"
    )
    killed = subprocess.Popen([sys.executable, "-c", program])
    half = root / ".scratch" / "stage-0123456789abcdef" / "half"
    deadline = time.monotonic() + 20
    while not half.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    with work_folder("stage", KEY) as folder:
        assert (folder / "half").exists()
    assert capfd.readouterr().err == ""


def test_processes_of_torchrun_share_the_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with work_folder("stage", KEY) as of_first:
        monkeypatch.setenv("RANK", "1")
        with work_folder("stage", KEY) as of_second:
            assert of_second == of_first
        assert of_first.exists()
        monkeypatch.setenv("RANK", "0")
    assert list((root / ".scratch").iterdir()) == []


def other_disk(self: Path, target: Path) -> Path:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


@pytest.mark.parametrize("far", [False, True], ids=["same disk", "other disk"])
def test_publishing_replaces_files_and_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, far: bool
) -> None:
    if far:  # each folder is a disk
        replace: Any = Path.replace
        monkeypatch.setattr(
            Path,
            "replace",
            lambda self, target: (replace if self.parent == target.parent else other_disk)(
                self, target
            ),
        )
    (tmp_path / "file").write_text("new")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "new").touch()
    (tmp_path / "out" / "folder").mkdir(parents=True)
    (tmp_path / "out" / "folder" / "old").touch()
    (tmp_path / "out" / "file").write_text("old")
    publish(tmp_path / "file", tmp_path / "out" / "file")
    publish(tmp_path / "folder", tmp_path / "out" / "folder")
    assert (tmp_path / "out" / "file").read_text() == "new"
    assert [path.name for path in (tmp_path / "out" / "folder").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["file", "folder"]


def test_a_folder_that_cannot_be_replaced_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, n_replaced = Path.replace, 0

    def fail_at_the_second(self: Path, target: Path) -> Path:
        nonlocal n_replaced
        n_replaced += 1
        if n_replaced == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    for path in (tmp_path / "folder" / "new", tmp_path / "out" / "folder" / "old"):
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setattr(Path, "replace", fail_at_the_second)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        publish(tmp_path / "folder", tmp_path / "out" / "folder")
    assert [path.parent.name for path in tmp_path.rglob("old")] == ["folder.old"]
    assert (tmp_path / "folder" / "new").exists()
    publish(tmp_path / "folder", tmp_path / "out" / "folder")
    assert [path.name for path in (tmp_path / "out" / "folder").iterdir()] == ["new"]


def test_an_error_of_the_disk_is_not_taken_for_another_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "nothing", tmp_path / "out" / "file")


def test_a_stage_does_not_go_on_from_what_dvc_empties(tmp_path: Path) -> None:
    output = tmp_path / "models" / "codec"
    for start in (None, tmp_path / "kept"):
        check_start("codec.weights", start, output)
    with pytest.raises(StartError, match=r"codec\.weights: .*codec is what this stage writes"):
        check_start("codec.weights", tmp_path / "models" / ".." / "models" / "codec", output)

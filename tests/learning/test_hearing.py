"""What is left of calls that were killed while they heard songs."""

from pathlib import Path

from filelock import FileLock

from dirac.learning.hearing import forget_unfinished


def test_what_was_left_is_removed_but_not_what_is_at_work(tmp_path: Path) -> None:
    left, at_work = tmp_path / "learn-0123", tmp_path / "learn-4567"
    for folder in (left, at_work):
        folder.mkdir()
        (folder / "songs.lmdb").touch()
    with FileLock(f"{at_work}.lock"):
        forget_unfinished(tmp_path)
        assert (at_work / "songs.lmdb").exists()
        assert not left.exists()
    forget_unfinished(tmp_path)
    assert not at_work.exists()

import os
import subprocess
import sys
from pathlib import Path

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

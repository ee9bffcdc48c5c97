"""DVC's own files, cut anywhere by a kill, are made whole."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/whole_locks.py"
STAGE = """\
  {name}:
    cmd: python stages/{name}.py
    deps:
    - path: stages/{name}.py
      hash: md5
      md5: 97fab4b4e8812f5de3171ec10ff8bb48
      size: 7255
    outs:
    - path: data/{name}
      hash: md5
      md5: deb9cdc2a46eb3915d115670a264755a.dir
      size: 10497567
      nfiles: 4
"""
NAMES = ("download", "cache_latents", "train_decomposition")
WHOLE = "schema: '2.0'\nstages:\n" + "".join(STAGE.format(name=name) for name in NAMES)


def whole_locks(folder: Path) -> str:
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_what_is_whole_stays_untouched(tmp_path):
    (tmp_path / "dvc.lock").write_text(WHOLE)
    assert whole_locks(tmp_path) == ""
    assert (tmp_path / "dvc.lock").read_text() == WHOLE


def test_without_any_there_is_nothing_to_do(tmp_path):
    assert whole_locks(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_all_stages_before_a_cut_stay():
    script = runpy.run_path(str(SCRIPT))
    cuts = (WHOLE[:n] for n in range(len(WHOLE)))
    refused = [text for text in cuts if not script["is_lock"](text)]  # DVC reads the others
    assert len(refused) > 50
    for text in refused:
        kept = script["before_last_stage"](text)
        assert script["n_stages"](kept) == max(0, script["n_stages"](text) - 1)
        assert text.startswith(kept)
        assert not kept or script["is_lock"](kept)


def test_what_is_wrong_elsewhere_is_left_for_dvc_to_say(tmp_path):
    conflict = WHOLE.replace("    deps:\n", "<<<<<<< ours\n    deps:\n", 1)
    (tmp_path / "dvc.lock").write_text(conflict)
    assert whole_locks(tmp_path) == ""
    assert (tmp_path / "dvc.lock").read_text() == conflict


@pytest.mark.parametrize("left", ["", "sche", WHOLE[:30]])
def test_of_no_whole_stage_no_file_is_left(tmp_path, left):
    (tmp_path / "dvc.lock").write_text(left)
    assert "first 0 stages stay" in whole_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []

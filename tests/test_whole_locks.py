"""DVC's own files, cut anywhere by a kill, are made whole."""

import runpy
from collections.abc import Callable
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


@pytest.fixture
def whole_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """Runs the script in the test's folder -> what it says."""
    monkeypatch.chdir(tmp_path)

    def run() -> str:
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return capsys.readouterr().out

    return run


def test_what_is_whole_stays_untouched(tmp_path, whole_locks):
    (tmp_path / "dvc.lock").write_text(WHOLE)
    assert whole_locks() == ""
    assert (tmp_path / "dvc.lock").read_text() == WHOLE


def test_without_any_there_is_nothing_to_do(tmp_path, whole_locks):
    assert whole_locks() == ""
    assert list(tmp_path.iterdir()) == []


def test_all_stages_before_a_cut_stay():
    script = runpy.run_path(str(SCRIPT))
    lengths = sorted({*range(0, len(WHOLE), 7), *range(len(WHOLE) - 20, len(WHOLE))})
    cuts = (WHOLE[:n] for n in lengths)
    refused = [text for text in cuts if not script["is_lock"](text)]  # DVC reads the others
    assert len(refused) > 40
    for text in refused:
        kept = script["before_last_stage"](text)
        assert script["n_stages"](kept) == max(0, script["n_stages"](text) - 1)
        assert text.startswith(kept)
        assert not kept or script["is_lock"](kept)


def test_what_is_wrong_elsewhere_is_left_for_dvc_to_say(tmp_path, whole_locks):
    conflict = WHOLE.replace("    deps:\n", "<<<<<<< ours\n    deps:\n", 1)
    (tmp_path / "dvc.lock").write_text(conflict)
    assert whole_locks() == ""
    assert (tmp_path / "dvc.lock").read_text() == conflict


@pytest.mark.parametrize("left", ["", "sche", WHOLE[:30]])
def test_of_no_whole_stage_no_file_is_left(tmp_path, whole_locks, left):
    (tmp_path / "dvc.lock").write_text(left)
    assert "first 0 stages stay" in whole_locks()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", ["", '{"write": {"data/raw": {"pid": 1, "c'])
def test_a_list_of_the_paths_in_use_that_was_cut_is_deleted(tmp_path, whole_locks, left):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/rwlock").write_text(left)
    assert "rwlock was cut" in whole_locks()
    assert not (tmp_path / ".dvc/tmp/rwlock").exists()


def test_a_whole_list_of_the_paths_in_use_stays(tmp_path, whole_locks):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/tmp/rwlock").write_text("{}")
    assert whole_locks() == ""
    assert (tmp_path / ".dvc/tmp/rwlock").exists()

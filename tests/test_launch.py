import sys
from pathlib import Path

import pytest
import torch

from dirac import launch
from dirac.params import ParamsError

STAGE = ["stages/train_prior.py", "--output", "models/prior"]
PROJECT = Path(__file__).parents[1]


def test_one_process_is_the_stage_itself_and_more_are_torchruns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    stage = tmp_path / "stage.py"
    stage.write_text("import sys\nprint(__name__, *sys.argv)\n")
    monkeypatch.setattr(sys, "argv", ["dirac.launch", str(stage), "--output", "models/prior"])
    monkeypatch.setenv("NPROC", "1")
    monkeypatch.chdir(PROJECT)
    launch.main()
    assert capsys.readouterr().out == f"__main__ {stage} --output models/prior\n"
    assert launch.command(STAGE, 3)[-4:] == ["--nproc-per-node=3", *STAGE]


@pytest.mark.parametrize(("n_gpus", "expected"), [(0, 1), (1, 1), (8, 8)])
def test_auto_is_one_for_each_gpu(
    monkeypatch: pytest.MonkeyPatch, n_gpus: int, expected: int
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_gpus)
    assert launch.count_processes("auto") == expected


def test_the_environment_comes_before_params(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, words: started.append(words))
    monkeypatch.setattr(sys, "argv", ["dirac.launch", *STAGE])
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("NPROC", "2")
    launch.main()
    assert started == [launch.command(STAGE, 2)]
    for wrong in ("0", "two", "-1"):
        monkeypatch.setenv("NPROC", wrong)
        with pytest.raises(ParamsError, match="a number or auto"):
            launch.main()


def test_without_a_stage_the_usage_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["dirac.launch"])
    monkeypatch.chdir(PROJECT)
    with pytest.raises(SystemExit, match=r"usage: python -m dirac\.launch stages/STAGE\.py"):
        launch.main()

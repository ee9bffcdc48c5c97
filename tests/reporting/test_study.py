import json
from pathlib import Path
from typing import Any

import pytest

from dirac.reporting.inputs import ReportError
from dirac.reporting.study import COLUMNS, read_study


def run(setting: str, seed: int, mean: float, **baselines: float) -> dict[str, Any]:
    return {
        "setting": setting,
        "seed": seed,
        "sources": ["drums", "bass"],
        "si_sdr": {"mean": mean, "drums": mean, "bass": mean},
        "baselines": baselines,
        "oracle": 14.0,
        "train_cpu_seconds": 120.0,
        "versions": {"revision": f"{seed}23456789"},
    }


def test_seeds_of_a_setting_share_a_row(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    runs = [
        run("default", 0, 8.0, nmf=5.0, hpss=4.0) | {"oracle_mask": 12.0, "n_songs": 300},
        run("paper", 0, -1.0),
        run("default", 1, 9.0, nmf=5.0, hpss=4.5) | {"oracle_mask": 12.0, "n_songs": 300},
    ]
    path.write_text(json.dumps(runs))
    first, second = read_study(path)
    assert (first.setting, first.sources) == ("default", "drums, bass")
    scores = ["300", "2", "8.5", "8.0", "9.0", "5.0 (NMF)", "14.0", "12.0", "2.0"]
    assert first.cells == [*scores, "0234567, 1234567"]
    assert second.cells == ["–", "1", "−1.0", "−1.0", "−1.0", "–", "14.0", "–", "2.0", "0234567"]
    assert len(first.cells) == len(COLUMNS)


def test_there_need_not_be_a_study(tmp_path: Path) -> None:
    assert read_study(None) == read_study(tmp_path / "study.json") == []


@pytest.mark.parametrize("text", ['[{"seed": 0}]', "[3]", '{"a": 1}'])
def test_what_is_no_study_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=r"study\.json is no list of runs"):
        read_study(path)

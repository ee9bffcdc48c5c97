"""The report of codecs: its tables, and all of it in miniature."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from ruamel.yaml import YAML

from tests.data.conftest import write_slakh_track

PROJECT = Path(__file__).parents[2]
COMMAND = (
    *("--codecs", "spectrogram", "encodec_24khz", "--data", "raw", "--output", "out"),
    *("--speed-seconds", "0.5", "--memory-seconds", "1"),
)
ROW = {
    "losses": {
        "mixture": {"n_excerpts": 2, "si_sdr": 12.34, "multiscale_stft": 1.5},
        "bass": {"n_excerpts": 0, "si_sdr": None, "multiscale_stft": None},
        "mean of latents": {
            "n_excerpts": 2,
            "si_sdr": -1.0,
            "multiscale_stft": 2.5,
            "latents_db": 8.04,
        },
        "mean of stems": {"n_excerpts": 2, "si_sdr": 11.0, "multiscale_stft": 1.25},
    },
    "size": {"n_parameters": 1_500_000, "numbers_per_second": 9600.0, "bytes_per_hour": 69120000},
    "speed": {"encode": 20.4, "decode": 9.6, "n_threads": 1},
    "memory": {"seconds": 600.0, "bytes": 700_000_000},
}

ROW_WITHOUT_WEIGHTS = {key: figures for key, figures in ROW.items() if key != "losses"}


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The script and its tables, which lie in no package."""
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    yield SimpleNamespace(script=__import__("codec_limits"), tables=__import__("codec_tables"))
    for name in ("codec_limits", "codec_tables"):
        sys.modules.pop(name)


@pytest.fixture
def tables(modules: SimpleNamespace) -> ModuleType:
    return modules.tables


def test_the_tables_say_what_was_measured_and_what_is_missing(tables):
    losses, linearity, cost, missing = tables.make_tables({"a": ROW, "b": ROW_WITHOUT_WEIGHTS})
    assert losses.splitlines()[-1] == "| `a` | 12.3 / 1.50 | – |"
    assert linearity.splitlines()[-1] == "| `a` | 12.3 / 1.50 | −1.0 / 2.50 | 11.0 / 1.25 | 8.0 |"
    for name, row in zip("ab", cost.splitlines()[-2:], strict=True):
        assert row == f"| `{name}` | 1.50 M | 9600 | 69 | 20 | 10 | 0.70 |"
    assert missing == "`b`: weights not at hand."


def test_the_tables_take_the_place_of_those_in_the_text(tables, tmp_path):
    path = tmp_path / "codecs.md"
    path.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    tables.write_tables(path, {"a": ROW})
    first = path.read_text()
    assert first.startswith("before\n")
    assert first.endswith("\nafter\n")
    assert "old" not in first
    tables.write_tables(path, {"a": ROW})
    assert path.read_text() == first
    path.write_text("no place")
    with pytest.raises(ValueError, match=r"codecs\.md has no lines"):
        tables.write_tables(path, {"a": ROW})


def test_the_document_has_a_place_for_the_tables(tables):
    text = (PROJECT / "docs" / "codecs.md").read_text(encoding="utf-8")
    assert text.index(tables.BEGIN) < text.index(tables.END)


def test_all_of_it_in_miniature(modules, tmp_path, monkeypatch, capsys):
    yaml = YAML()
    params = yaml.load(PROJECT / "params.yaml")
    params["codec"]["name"] = "encodec_24khz"
    params["codec"]["weights"] = str(tmp_path)  # which has none, so that nothing is fetched
    params["codec"]["spectrogram"]["n_iterations"] = 1
    params["data"]["duration_seconds"] = 0.5
    params["train"]["n_frames"] = params["prior"]["n_frames"] = 32
    yaml.dump(params, tmp_path / "params.yaml")
    noise = 0.1 * np.random.default_rng(0).standard_normal((2, 24_000))
    write_slakh_track(
        tmp_path / "raw" / "test" / "Track00001",
        {"S00": "Drums", "S01": "Bass"},
        {"S00": noise[0], "S01": noise[1]},
        rate=24_000,
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["codec_limits.py", *COMMAND])
    monkeypatch.setattr(modules.script, "measure_memory", lambda load, seconds: int(1e9 * seconds))
    modules.script.main()
    figures = json.loads((tmp_path / "out" / "codecs.json").read_text())
    assert "losses" not in figures["encodec_24khz"]
    assert figures["encodec_24khz"]["size"]["n_parameters"] == 14_846_817
    assert figures["spectrogram"]["losses"]["drums"]["n_excerpts"] == 2
    assert figures["spectrogram"]["memory"] == {"seconds": 1.0, "bytes": 10**9}
    assert "encodec_24khz-d7cc33bc.th" in capsys.readouterr().err
    assert "weights not at hand" in (tmp_path / "out" / "codecs.md").read_text()
    measured = {"spectrogram": {"size": "measured anew"}}
    monkeypatch.setattr(modules.script, "measure", lambda name, *_: measured[name])
    monkeypatch.setattr(modules.script, "write_tables", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["codec_limits.py", *COMMAND[:2], *COMMAND[3:]])
    modules.script.main()
    assert json.loads((tmp_path / "out" / "codecs.json").read_text()) == figures | measured


def test_figures_of_other_sources_are_not_kept(modules: SimpleNamespace) -> None:
    losses = ROW["losses"]
    others = {**ROW, "losses": {way.replace("bass", "piano"): row for way, row in losses.items()}}
    kept = {"a": ROW, "b": others, "c": ROW_WITHOUT_WEIGHTS}
    assert modules.script.comparable(kept, {"d": others}) == {"b": others, "c": kept["c"]}
    assert modules.script.comparable(kept, {"c": ROW_WITHOUT_WEIGHTS}) == kept


def test_a_codec_that_there_is_not_is_told_before_any_work(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["codec_limits.py", "--codecs", "bogus"])
    with pytest.raises(SystemExit):
        modules.script.main()
    assert "invalid choice: 'bogus'" in capsys.readouterr().err

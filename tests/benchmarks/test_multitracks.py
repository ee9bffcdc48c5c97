"""Scores of a model on songs, before and after it has heard them."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from dirac.audio.files import write_audio
from dirac.packing import pack
from dirac.params import load_params

from ..tiny_models import write_decomposition

PROJECT = Path(__file__).parents[2]
RATE = 16_000


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    yield __import__("multitracks")
    sys.modules.pop("multitracks")


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """A song, one whose bass is too soft, and one without a bass."""
    random = np.random.default_rng(0)
    for song, levels in (
        ("a", {"drums": 0.1, "bass": 0.2}),
        ("b", {"drums": 0.1, "bass": 0.001}),
        ("c", {"drums": 0.1}),
    ):
        for source, level in levels.items():
            noise = level * random.standard_normal((2, 8 * RATE))
            write_audio(tmp_path / "songs" / song / f"{source}.wav", noise, RATE)
    return tmp_path / "songs"


def test_each_song_is_heard_and_scored(
    script: ModuleType,
    songs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained = write_decomposition(tmp_path / "trained")
    pack(trained, tmp_path / "model", load_params(PROJECT / "params.yaml"), None, None)
    work = tmp_path / "work"
    options = ["--model", str(tmp_path / "model"), "--seconds", "2", "--work", str(work)]
    monkeypatch.setattr(sys, "argv", ["multitracks", str(songs), *options, "--learn", "2"])
    script.main()
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "1 songs, 1 left out: a"
    (learnt,) = work.glob("a-*/")
    assert told[1] == str(learnt)
    assert told[2].split()[::2] == ["refined", "learnt", "a"]
    of_song = told[2].split()
    for line, figure in zip(told[3:], of_song[1::2], strict=True):
        _, _, mean, *rest = line.split()
        assert mean == figure
        assert rest[::2] == ["drums", "bass"]


def test_the_loudest_stretch_is_that_of_the_softest_source(script: ModuleType) -> None:
    drums, bass = np.full(12, 3.0), np.repeat([0.0, 2.0, 1.0], 4)
    found = script.loudest(np.stack([drums, bass])[:, None], 4, 2)
    np.testing.assert_array_equal(found[1, 0], [2, 2, 2, 2])

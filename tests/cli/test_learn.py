import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.audio.files import write_audio
from dirac.cli.main import main
from dirac.model_files import load_model

RATE = 16_000


@pytest.fixture
def song(songs: list[str]) -> str:
    """A song of two pieces and a rest."""
    noise = np.random.default_rng(0).standard_normal((1, 15 * RATE))
    write_audio(Path("long.wav"), 0.1 * noise, RATE)
    return "long.wav"


@pytest.fixture
def short(songs: list[str]) -> str:
    write_audio(Path("short.wav"), np.ones((1, RATE // 2)), RATE)
    return "short.wav"


def lessons(folder: str) -> list[tuple[int, int]]:
    """Of a model: how many songs, and steps."""
    card = load_model(Path(folder))[1]
    return [(lesson["songs"], lesson["steps"]) for lesson in card["learnt"]]


def test_a_short_song_is_heard_as_a_piece(songs: list[str]) -> None:
    main(["learn", *songs, "-o", "mine", "--steps", "2"])
    assert lessons("mine") == [(2, 2)]


def test_a_model_that_has_heard_a_song_takes_it_apart(
    song: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["learn", song, "-o", "models/mine", "--steps", "2", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "models/mine"
    assert [entry["song"] for entry in told["songs"]] == [song]
    assert 0 < told["songs"][0]["moved"] < 1
    assert {path.name for path in Path("models").iterdir()} == {"decomposition", "mine", "prior"}
    assert lessons("models/mine") == [(1, 2)]
    main(["separate", song, "-o", "out", "--model", "models/mine"])
    assert {path.name for path in Path("out/long").iterdir()} == {"drums.flac", "bass.flac"}


def test_the_same_seed_gives_the_same_model_and_it_can_learn_more(song: str) -> None:
    for name, options in (("a", []), ("b", []), ("c", ["--seed", "1"])):
        main(["learn", song, "-o", name, "--steps", "2", *options])
    weights = [Path(name, "model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]
    main(["learn", song, "-o", "a", "--model", "a", "--steps", "3"])
    assert lessons("a") == [(1, 2), (1, 3)]
    main(["inspect", "a"])


def test_what_is_learnt_already_is_not_learnt_again(
    song: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by an equal call that was waited for."""
    for _ in range(2):
        main(["learn", song, "-o", "mine", "--steps", "2", "--json"])
        monkeypatch.setattr("dirac.learning.hearing.learn", None)
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert not list(Path().glob(".*unfinished*"))


def test_a_model_that_is_not_packed_learns_by_the_projects_params(song: str) -> None:
    main(["learn", song, "-o", "mine", "--steps", "2", "--model", "models/decomposition"])
    Path("params.yaml").unlink()
    main(["separate", song, "-o", "out", "--model", "mine"])
    assert len(list(Path("out/long").iterdir())) == 2


def test_songs_that_teach_nothing_cost_a_line_and_the_status_alone(
    short: str, song: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.mp3").write_bytes(b"no music")
    samples = np.zeros(8 * RATE)
    samples[-1] = np.nan
    soundfile.write("nan.wav", samples, RATE, subtype="FLOAT")
    other = os.fsdecode(b"\xff.wav")  # a name that is no text
    Path(song).rename(other)
    with pytest.raises(SystemExit) as stopped:
        main(["learn", short, "c.mp3", "nan.wav", other, "-o", "mine", "--steps", "2"])
    assert stopped.value.code == 1
    told = capsys.readouterr()
    assert told.out == "mine\n"
    complaints = [line for line in told.err.splitlines() if line.startswith("dirac: ")]
    assert len(complaints) == 3
    assert "nan.wav holds values that are not finite" in complaints[2]
    assert (
        complaints[0] == "dirac: short.wav lasts 0.50 s: the model hears songs of 0.85 s and more"
    )


def test_without_a_song_there_is_no_model(short: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_audio(Path("silence.wav"), np.zeros((1, 8 * RATE)), RATE)
    for given, reason in (([short], "lasts 0.50 s"), (["silence.wav"], "mixture below -50 dB")):
        with pytest.raises(SystemExit) as stopped:
            main(["learn", *given, "-o", "mine", "--steps", "2"])
        assert stopped.value.code == 1
        assert reason in capsys.readouterr().err
        assert not list(Path().glob("*mine*"))


def test_a_link_to_a_model_stays_one_and_nothing_unfinished_stays(song: str) -> None:
    main(["learn", song, "-o", "real", "--steps", "2"])
    Path("link").symlink_to("real")
    unfinished = Path(".real.unfinished/learn-0123")  # of a call that was killed
    unfinished.mkdir(parents=True)
    main(["learn", song, "-o", "link", "--steps", "3"])
    assert Path("link").is_symlink()
    assert lessons("real") == [(1, 3)]
    assert not list(Path().glob(".*unfinished*"))


def test_what_is_no_model_is_left_as_it_is(song: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").touch()
    with pytest.raises(SystemExit):
        main(["learn", song, "-o", "mine", "--steps", "2"])
    assert "is no packed model and is left as it is" in capsys.readouterr().err
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.tex"]
    assert not list(Path().glob(".mine*"))


def test_a_part_that_turns_over_is_told(
    song: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dirac.learning.moved.TURNED_OVER", 0.0)
    main(["learn", song, "-o", "mine", "--steps", "2"])
    told = capsys.readouterr()
    assert told.out == "mine\n"
    assert f"dirac: {song}: " in told.err
    assert "have changed places" in told.err

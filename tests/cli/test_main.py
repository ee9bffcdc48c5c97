"""The `dirac` command on its own songs with an untrained model, in a folder like the project's."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.audio.files import read_audio, write_audio
from dirac.cli.main import main
from dirac.cli.recompose import parse_choice
from dirac.packing import pack
from dirac.params import load_params

from ..tiny_models import write_decomposition, write_prior

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two songs, stereo at 44.1 kHz and mono at 16 kHz, in a folder with models and params.

    The packaged model knows the names of its parts; the project's does not.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "settings.yaml"):
        (tmp_path / name).write_bytes((PROJECT / name).read_bytes())
    write_decomposition(tmp_path / "models" / "decomposition")
    write_prior(tmp_path / "models" / "prior")
    shelf = tmp_path / "shelf"
    packaged = shelf / "drums-bass"
    pack(Path("models/decomposition"), packaged, load_params(Path("params.yaml")), None, None)
    card = json.loads((packaged / "card.json").read_text())
    (packaged / "card.json").write_text(json.dumps(card | {"parts": ["drums", "bass"]}))
    monkeypatch.setattr("dirac.packaged.SHELF", shelf)
    random = np.random.default_rng(0)
    for name, rate, n_channels in (("a.wav", 44100, 2), ("b.flac", 16000, 1)):
        write_audio(tmp_path / name, 0.1 * random.standard_normal((n_channels, rate)), rate)
    return ["a.wav", "b.flac"]


@pytest.mark.parametrize("options", [[], ["--raw", "--seed", "3"]])
def test_parts_are_like_their_song_and_sum_to_it(
    songs: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["separate", *songs, "-o", "out", *options])
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    suffix = ".wav" if options else ".flac"  # untrained, it renders parts that flac would clip
    assert printed == [
        Path("out", song, name + suffix) for song in "ab" for name in ("drums", "bass")
    ]
    for song in songs:
        mixture, rate = read_audio(Path(song))
        parts = [read_audio(path) for path in printed if path.parent.name == song[0]]
        assert {(part.shape, part_rate) for part, part_rate in parts} == {(mixture.shape, rate)}
        if not options:
            np.testing.assert_allclose(parts[0][0] + parts[1][0], mixture, atol=2**-18)


def test_the_packaged_model_needs_no_project(songs: list[str], tmp_path: Path) -> None:
    for name in ("params.yaml", "settings.yaml"):
        (tmp_path / name).unlink()
    shutil.rmtree(tmp_path / "models")
    main(["separate", "a.wav", "-o", "out"])
    main(["recompose", "a.wav", "b.flac", "--take", "a:0", "b:1", "-o", "new.flac"])
    assert {path.name for path in Path("out/a").iterdir()} == {"drums.flac", "bass.flac"}


def test_a_model_that_is_named_goes_by_the_projects_params(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", "models/decomposition"]
    main(["separate", "a.wav", "-o", "out", *model])
    assert capsys.readouterr().out.split() == ["out/a/part-1.flac", "out/a/part-2.flac"]
    Path("params.yaml").unlink()
    with pytest.raises(SystemExit):
        main(["separate", "a.wav", "-o", "out", *model])
    assert "params.yaml is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "rate", "n_channels", "level"),
    [
        (0.4, 8000, 1, 0.1),
        (0.2, 192000, 2, 0.1),
        (0.05, 44100, 2, 0.1),
        (0.3, 24000, 7, 0.1),
        (0.5, 44100, 2, 0.0),
        (1 / 8000, 8000, 1, 0.1),
        (0.3, 48000, 2, 1e-4),
    ],
)
def test_odd_songs_come_apart_like_any(
    songs: list[str], seconds: float, rate: int, n_channels: int, level: float
) -> None:
    noise = np.random.default_rng(1).standard_normal((n_channels, round(seconds * rate)))
    soundfile.write("odd.wav", (level * noise).T, rate, subtype="FLOAT")
    main(["separate", "odd.wav", "-o", "out"])
    mixture, _ = read_audio(Path("odd.wav"))
    parts = [read_audio(path) for path in sorted(Path("out/odd").iterdir())]
    assert [found for _, found in parts] == [rate, rate]
    np.testing.assert_allclose(sum(part for part, _ in parts), mixture, atol=2**-18)


def test_parts_of_a_loud_song_are_not_clipped(songs: list[str]) -> None:
    noise = np.random.default_rng(1).standard_normal((2, 20000))
    soundfile.write("loud.wav", noise.T, 44100, subtype="FLOAT")
    main(["separate", "loud.wav", "-o", "out"])
    parts = [read_audio(path)[0] for path in sorted(Path("out/loud").glob("*.wav"))]
    assert len(parts) == 2
    np.testing.assert_allclose(sum(parts), read_audio(Path("loud.wav"))[0], atol=1e-5)


def test_packaged_models_are_listed_and_made(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["pack", "models/decomposition", "-o", "shelf/mine"])
    main(["models"])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed] == ["shelf/mine", "drums-bass", "mine"]
    main(["separate", "a.wav", "-o", "out", "--model", "shelf/mine"])


def test_recomposed_and_generated_songs_come_from_their_seed(songs: list[str]) -> None:
    for output in ("one.flac", "two.flac"):
        main(["recompose", *songs, "--take", "a:0", "b:1", "-o", output, "--seed", "4"])
        main(["generate", "--count", "2", "--seconds", "1.5", "-o", output[:3], "--seed", "4"])
    recomposed, rate = read_audio(Path("one.flac"))
    assert (rate, recomposed.shape) == (24000, (1, 24000))
    assert Path("one.flac").read_bytes() == Path("two.flac").read_bytes()
    first, second = (Path("one") / f"song-{n}.flac" for n in (1, 2))
    assert read_audio(first)[0].shape[1] == pytest.approx(36000, abs=320)
    assert first.read_bytes() != second.read_bytes()
    assert first.read_bytes() == (Path("two") / "song-1.flac").read_bytes()


def test_settings_are_listed_and_written(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["settings"])
    names = capsys.readouterr().out.split()
    assert "paper" in names
    main(["settings", "paper"])
    assert "train.objective: anchored -> paper" in capsys.readouterr().out
    assert "objective: paper" in Path("params.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["separate", "nowhere.wav", "-o", "out"], "nowhere.wav"),
        (["separate", "a.wav", "other/a.wav", "-o", "out"], "same name"),
        (["separate", "a.wav", "-o", "out", "--model", "none"], "no trained model in none"),
        (["separate", "a.wav", "-o", "out", "--params", "none.yaml"], "none.yaml is missing"),
        (["separate", "params.yaml", "-o", "out"], "params.yaml cannot be read as audio"),
        (["separate", "models", "-o", "out"], "models cannot be read as audio"),
        (["separate", "empty.wav", "-o", "out"], "empty.wav has no sample in it"),
        (["separate", "a.wav", "-o", "a.wav"], "a.wav"),
        (["generate", "-o", "out", "--prior", "models/other"], "3 components of 2 channels, the"),
        (["generate", "-o", "out", "--model", "shelf"], "no trained model in shelf"),
        (["pack", "models/prior", "-o", "out"], "does not describe the decomposition"),
        (["pack", "models/decomposition", "-o", "shelf"], "no packed model"),
        (["recompose", "a.wav", "--take", "a:7", "-o", "x.flac"], "no component 7"),
        (["recompose", "a.wav", "--take", "b:0", "-o", "x.flac"], "no song 1"),
        (["recompose", "a.wav", "--take", "a0", "-o", "x.flac"], "as in b:1"),
        (["recompose", "a.wav", "--take", "a:0", "-o", "x.txt"], "suffix"),
        (["generate", "--count", "0", "-o", "out"], "--count"),
        (["settings", "huge"], "no settings 'huge'"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_1(
    songs: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_prior(Path("models/other"), n_components=3)
    write_audio(Path("empty.wav"), np.zeros((1, 0)), 8000)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 1
    assert error.startswith("dirac: ")
    assert message in error
    assert error.count("\n") == 1


def test_choices_are_a_letter_and_a_number() -> None:
    assert parse_choice("a:0") == (0, 0)
    assert parse_choice("c:12") == (2, 12)

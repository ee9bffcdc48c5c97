"""The `dirac` command on its own songs with an untrained model, in a folder like the project's."""

from pathlib import Path

import numpy as np
import pytest

from dirac.audio.files import read_audio, write_audio
from dirac.cli import main, parse_choice

from .tiny_models import write_decomposition, write_prior

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two songs, stereo at 44.1 kHz and mono at 16 kHz, in a folder with models and params."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "settings.yaml"):
        (tmp_path / name).write_bytes((PROJECT / name).read_bytes())
    write_decomposition(tmp_path / "models" / "decomposition")
    write_prior(tmp_path / "models" / "prior")
    random = np.random.default_rng(0)
    for name, rate, n_channels in (("a.wav", 44100, 2), ("b.flac", 16000, 1)):
        write_audio(tmp_path / name, 0.1 * random.standard_normal((n_channels, rate)), rate)
    return ["a.wav", "b.flac"]


@pytest.mark.parametrize("options", [[], ["--raw", "--seed", "3"]])
def test_parts_are_like_their_song_and_sum_to_it(
    songs: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["separate", *songs, "-o", "out", *options])
    printed = capsys.readouterr().out.split()
    assert printed == [f"out/{song}/part-{n}.flac" for song in "ab" for n in (1, 2)]
    for song in songs:
        mixture, rate = read_audio(Path(song))
        parts = [read_audio(Path("out") / song[0] / f"part-{n}.flac") for n in (1, 2)]
        assert {(part.shape, part_rate) for part, part_rate in parts} == {(mixture.shape, rate)}
        if not options:
            np.testing.assert_allclose(parts[0][0] + parts[1][0], mixture, atol=1e-4)


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

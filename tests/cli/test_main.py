"""What all commands have in common: their help, and how they tell what is wrong."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.audio.files import write_audio
from dirac.cli.main import COMMANDS, main

from ..tiny_models import write_prior

NAMES = [command.__name__.rsplit(".", 1)[1] for command in COMMANDS]


@pytest.mark.parametrize("command", NAMES)
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"\n  dirac {command}" in capsys.readouterr().out.split("examples:")[1]


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys; from dirac.cli.main import make_parser; make_parser().format_help(); "
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules, 'dvc' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False False\n"


def test_it_is_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dirac", "models", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("usage: dirac models")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["separate", "nowhere.wav", "-o", "out"], "nowhere.wav"),
        (["separate", "a.wav", "-o", "out", "--model", "none"], "no trained model in none"),
        (["separate", "a.wav", "-o", "out", "--params", "none.yaml"], "none.yaml is missing"),
        (["separate", "a.wav", "-o", "out", "--device", "cuda"], "no CUDA device here"),
        (["separate", "params.yaml", "-o", "out"], "params.yaml cannot be read as audio"),
        (["separate", "models", "-o", "out"], "models holds no audio file"),
        (["separate", "empty.wav", "-o", "out"], "empty.wav has no sample in it"),
        (["separate", "nan.wav", "-o", "out"], "nan.wav holds values that are not finite"),
        (["separate", "cut.flac", "-o", "out"], "or it is damaged or truncated"),
        (["separate", "x.m4a", "-o", "out"], "it is no .wav, .flac, .mp3"),
        (["separate", "x.m4a", "-o", "out"], "`ffmpeg -i song.m4a song.flac`"),
        (["separate", "a.wav", "-o", "a.wav"], "a.wav/a: Not a directory"),
        (["generate", "-o", "out", "--prior", "models/other"], "3 components of 2 channels, the"),
        (["generate", "-o", "out", "--model", "shelf"], "no trained model in shelf"),
        (["generate", "-o", "out", "--model", "lonely"], "lonely has no prior"),
        (["vary", "a.wav", "-o", "out", "--keep", "drums", "1"], "--keep holds every part"),
        (["vary", "a.wav", "-o", "out", "--keep", "flute"], "no part flute: there are drums, bass"),
        (["pack", "models/prior", "-o", "out"], "models/prior is no decomposition"),
        (["pack", "models/decomposition", "-o", "models"], "no packed model"),
        (["pack", "shelf/drums-bass", "-o", "out", "--params", "params.yaml"], "has its own"),
        (["recompose", "a.wav", "--take", "a:7", "-o", "x.flac"], "no part 7"),
        (["recompose", "a.wav", "--take", "b:0", "-o", "x.flac"], "no song b"),
        (["recompose", "a.wav", "--take", "a0", "-o", "x.flac"], "as in b:1"),
        (["recompose", "a.wav", "--take", "a:0", "-o", "x.txt"], "suffix"),
        (["settings", "huge"], "no settings 'huge'"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_1(
    songs: list[str],
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    write_prior(Path("models/other"), n_components=3)
    Path("models/decomposition").rename("lonely") if "lonely" in arguments else None
    write_audio(Path("empty.wav"), np.zeros((1, 0)), 8000)
    soundfile.write("nan.wav", np.full(99, np.nan), 8000, subtype="FLOAT")
    soundfile.write("cut.flac", np.random.default_rng(0).uniform(-1, 1, 30000), 8000)
    Path("x.m4a").write_bytes(b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(999))
    Path("cut.flac").write_bytes(Path("cut.flac").read_bytes()[:20000])
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 1
    assert error.startswith("dirac: ")
    assert message in error
    assert error.count("\n") == 1
    assert not Path("out").exists() or not list(Path("out").rglob("*"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a\nb\r.wav", r"a\nb\r.wav"),
        ("\x1b[31mred\x9b.wav", r"\x1b[31mred\x9b.wav"),
        ("\u2028.wav", r"\u2028.wav"),
        ("Ä 歌 \\n 🎵.wav", r"Ä 歌 \n 🎵.wav"),
    ],
)
def test_a_name_neither_breaks_the_line_nor_steers_the_terminal(
    songs: list[str], name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(name).touch()
    # The one is told by us, the other by the system.
    for arguments in ([name, "-o", "out"], ["a.wav", "-o", name]):
        with pytest.raises(SystemExit):
            main(["separate", *arguments])
        error = capsys.readouterr().err
        assert error.startswith(f"dirac: {told}")
        assert error.splitlines() == [error[:-1]]


def test_wrong_params_have_a_line_each(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own.yaml").write_text("seed: 1\n")
    model = ["--model", "models/decomposition", "--params", "own.yaml"]
    with pytest.raises(SystemExit):
        main(["separate", "a.wav", "-o", "out", *model])
    first, *keys = capsys.readouterr().err.splitlines()
    assert first == "dirac: own.yaml cannot be used:"
    assert "  train: missing" in keys


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["separate", "a.wav", "-o", "out", "--device", "tpu"], "invalid choice: 'tpu'"),
        (["separate", "a.wav", "-o", "out", "--seed", "-1"], "no whole number from 0"),
        (["generate", "--count", "0", "-o", "out"], "0 is no whole number from 1 on"),
        (["generate", "--seconds", "nan", "-o", "out"], "nan is no time from 0.1"),
        (["generate", "--seconds", "1e9", "-o", "out"], "1e9 is no time from 0.1"),
        (["play", "a.wav"], "invalid choice: 'play'"),
    ],
)
def test_wrong_flags_are_told_with_the_usage(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]

import json
from pathlib import Path

import pytest

from dirac.audio.files import read_audio
from dirac.cli.main import main


def test_a_song_of_others_is_as_long_as_the_shorter_and_comes_from_its_seed(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for output, seed in (("one.flac", "4"), ("two.flac", "4"), ("three.flac", "5")):
        command = ["recompose", *songs, "--take", "a:0", "b:bass", "-o", output]
        main([*command, "--seed", seed, "--json"])
    record = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (record["seconds"], record["take"]) == (1.0, ["a:0", "b:bass"])
    recomposed, rate = read_audio(Path("one.flac"))
    assert (rate, recomposed.shape) == (24000, (1, 24000))
    assert Path("one.flac").read_bytes() == Path("two.flac").read_bytes()
    assert Path("one.flac").read_bytes() != Path("three.flac").read_bytes()


def test_a_song_is_not_replaced_by_what_is_made_of_it(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("a.wav").read_bytes()
    Path("link.wav").symlink_to("a.wav")
    for output in ("a.wav", "link.wav"):
        with pytest.raises(SystemExit):
            main(["recompose", "b.flac", "a.wav", "--take", "a:0", "b:1", "-o", output])
        assert f"{output} is one of the songs" in capsys.readouterr().err
    assert Path("a.wav").read_bytes() == before

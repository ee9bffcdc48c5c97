import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from dirac.audio.files import read_audio, write_audio
from dirac.audio.songs import Song
from dirac.cli.main import main
from dirac.packaged import find_model
from dirac.separation.separator import Separator


@pytest.mark.parametrize("options", [[], ["--raw", "--seed", "3"]])
def test_parts_are_like_their_song_and_sum_to_it(
    songs: list[str], options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["separate", *songs, "-o", "out", *options])
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert [path.with_suffix("") for path in printed] == [
        Path("out", song, name) for song in "ab" for name in ("drums", "bass")
    ]
    for song in songs:
        mixture, rate = read_audio(Path(song))
        parts = [read_audio(path) for path in printed if path.parent.name == song[0]]
        assert {(part.shape, part_rate) for part, part_rate in parts} == {(mixture.shape, rate)}
        if not options:
            np.testing.assert_allclose(parts[0][0] + parts[1][0], mixture, atol=2**-18)


def test_raw_parts_are_rendered_from_noise_of_the_seed(songs: list[str]) -> None:
    main(["separate", "a.wav", "-o", "out", "--raw", "--seed", "3"])
    separator, (mixture, rate) = Separator.load(find_model(None)), read_audio(Path("a.wav"))
    written = np.stack([read_audio(path)[0] for path in sorted(Path("out/a").iterdir())[::-1]])
    expected = separator.decoded(torch.from_numpy(mixture), rate, 3).numpy()
    np.testing.assert_allclose(written, expected, atol=2**-22)


def test_the_packaged_model_needs_no_project(songs: list[str], tmp_path: Path) -> None:
    for name in ("params.yaml", "settings.yaml"):
        (tmp_path / name).unlink()
    shutil.rmtree(tmp_path / "models")
    main(["separate", "a.wav", "-o", "out", "--model", "drums-bass"])
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
        (0.3, 24000, 6, 0.1),
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


def test_a_bad_song_costs_a_line_and_the_status_alone(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("album/old").mkdir(parents=True)
    Path("a.wav").rename("album/old/a.wav")
    Path("album/c.mp3").write_bytes(b"no music")
    Path("album/cover.jpg").touch()
    with pytest.raises(SystemExit) as stopped:
        main(["separate", "album", "b.flac", "-o", "album/out", "--json"])
    assert stopped.value.code == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    bad, first, second = (json.loads(line) for line in told.out.splitlines())
    assert bad == {"song": "album/c.mp3", "error": told.err.strip().removeprefix("dirac: ")}
    assert (first["song"], second["song"]) == ("album/old/a.wav", "b.flac")
    assert first["parts"]["bass"]["path"] == "album/out/old/a/bass.flac"
    assert {key: first[key] for key in ("seconds", "sample_rate", "channels")} == {
        "seconds": 1.0,
        "sample_rate": 44100,
        "channels": 2,
    }
    samples, _ = read_audio(Path(first["parts"]["drums"]["path"]))
    assert first["parts"]["drums"]["peak"] == pytest.approx(abs(samples).max(), abs=1e-6)


def test_a_bad_song_has_no_paths(songs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.mp3").write_bytes(b"no music")
    with pytest.raises(SystemExit):
        main(["separate", "c.mp3", "b.flac", "-o", "out"])
    assert capsys.readouterr().out.splitlines() == ["out/b/drums.flac", "out/b/bass.flac"]


@pytest.mark.parametrize("options", [[], ["--raw"]])
def test_a_long_song_that_was_stopped_goes_on(
    songs: list[str], options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 24000 * 40))
    write_audio(Path("long.wav"), noise, 24000)
    main(["separate", "long.wav", "-o", "whole", *options])
    monkeypatch.setattr("dirac.cli.separate.LONG_SECONDS", 30)
    separate, starts = Separator._separate, []

    def stopped(
        self: Separator, method: Callable[[Tensor], Tensor], song: Song, start: int
    ) -> Iterator[Tensor]:
        starts.append(start)
        yield next(separate(self, method, song, start))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Separator, "_separate", stopped)
        for _ in range(2):
            with pytest.raises(SystemExit) as interrupted:
                main(["separate", "long.wav", "-o", "out", *options])
            assert interrupted.value.code == 130
    assert [path.name for path in Path("out").iterdir()] == [".long.unfinished"]
    main(["separate", "long.wav", "-o", "out", *options])
    assert starts[0] == 0 < starts[1]
    for name in ("drums", "bass"):
        there = {path.name: path.read_bytes() for path in Path("out/long").glob(f"{name}.*")}
        assert there == {
            path.name: path.read_bytes() for path in Path("whole/long").glob(f"{name}.*")
        }
    assert [path.name for path in Path("out").iterdir()] == ["long"]


def test_of_a_long_song_that_is_bad_nothing_stays(
    songs: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dirac.cli.separate.LONG_SECONDS", 0.5)
    samples = np.zeros(44100)
    samples[-1] = np.nan
    soundfile.write("nan.wav", samples, 44100, subtype="FLOAT")
    with pytest.raises(SystemExit):
        main(["separate", "nan.wav", "a.wav", "-o", "out"])
    assert "nan.wav holds values that are not finite" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["drums.flac", "drums.wav"])
def test_a_song_is_not_replaced_by_its_part(
    songs: list[str], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    Path("out/drums").mkdir(parents=True)
    song = Path("out/drums", name)
    song.write_bytes(Path("a.wav").read_bytes())
    with pytest.raises(SystemExit):
        main(["separate", "b.flac", str(song), "-o", "out"])
    assert f"{song} is one of the songs" in capsys.readouterr().err
    assert [path for path in Path("out").rglob("*") if path.is_file()] == [song]
    assert song.read_bytes() == Path("a.wav").read_bytes()


def test_what_is_done_is_done_again_or_skipped(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["separate", "a.wav", "-o", "out"])
    part = Path("out/a/drums.flac")
    separated = part.read_bytes()
    part.write_bytes(b"")
    main(["separate", *songs, "-o", "out", "--skip-done"])
    assert part.read_bytes() == b""
    main(["separate", *songs, "-o", "out"])
    assert part.read_bytes() == separated
    assert len(capsys.readouterr().out.splitlines()) == 2 + 2 + 4

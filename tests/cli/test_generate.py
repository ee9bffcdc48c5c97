from pathlib import Path

import pytest

from dirac.audio.files import read_audio
from dirac.cli.main import main
from dirac.model_files import load_model, save_model


def test_songs_come_from_their_seed(songs: list[str]) -> None:
    for folder in ("one", "two"):
        main(["generate", "--count", "2", "--seconds", "1.5", "-o", folder, "--seed", "4"])
    first, second = (Path("one") / f"generated-{n}.flac" for n in (1, 2))
    assert read_audio(first)[0].shape[1] == pytest.approx(36000, abs=320)
    assert first.read_bytes() != second.read_bytes()
    assert first.read_bytes() == (Path("two") / "generated-1.flac").read_bytes()
    main(["generate", "--seconds", "1.5", "-o", "three", "--seed", "5"])
    assert second.read_bytes() == Path("three/generated-1.flac").read_bytes()


def test_the_prior_of_a_trained_model_lies_beside_it(songs: list[str]) -> None:
    main(["generate", "--seconds", "0.5", "-o", "out", "--model", "models/decomposition"])
    assert Path("out/generated-1.flac").exists()


def test_the_prior_of_another_model_is_refused(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    state, card = load_model(Path("models/prior"))
    save_model(Path("models/prior"), state, card | {"decomposition": "another"})
    with pytest.raises(SystemExit):
        main(["generate", "-o", "out", "--model", "models/decomposition"])
    assert "components of another model than that in models/dec" in capsys.readouterr().err
    assert not Path("out").exists()

import json
from pathlib import Path
from typing import Any

import pytest

from dirac.cli.main import main
from dirac.model_files import load_model, save_model
from dirac.packaged import find_model


def test_the_card_of_the_model_that_ships_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["parts"] == "drums, bass"
    assert "mixtures alone, no stems" in told["training"]
    assert "it went on from the model that shipped at revision" in told["training"]
    main(["inspect", "drums-bass", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert content["folder"] == str(find_model(None))
    assert content["card"]["separation"]["piece_seconds"] > 0


def test_a_model_without_names_and_scores_is_told_too(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", "shelf/drums-bass"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["prior"] == "draws new components, 0.4 seconds at once"
    assert told["scores"] == "not scored"
    assert told["versions"].startswith("dirac ")


def test_the_prior_beside_a_model_is_told_if_it_is_its_own(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert told_prior(capsys)["n_frames"] == 32
    state, card = load_model(Path("models/prior"))
    save_model(Path("models/prior"), state, card | {"decomposition": "another"})
    assert told_prior(capsys) is None


def told_prior(capsys: pytest.CaptureFixture[str]) -> Any:
    main(["inspect", "models/decomposition", "--json"])
    return json.loads(capsys.readouterr().out)["prior"]


@pytest.mark.parametrize(
    "command", ["inspect {}", "pack {} -o packed", "separate a.wav -o out --model {}"]
)
@pytest.mark.parametrize("has_codec", [False, True])  # as a plain latent diffusion has
def test_a_prior_is_no_decomposition(
    songs: list[str], capsys: pytest.CaptureFixture[str], command: str, has_codec: bool
) -> None:
    state, card = load_model(Path("models/prior"))
    save_model(Path("models/prior"), state, card | ({"codec": {}} if has_codec else {}))
    with pytest.raises(SystemExit):
        main(command.format("models/prior").split())
    assert "models/prior is no decomposition" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["generate -o out", "pack models/decomposition -o out"])
def test_a_decomposition_is_no_prior(
    songs: list[str], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--prior", "models/decomposition"])
    assert "models/decomposition is no prior" in capsys.readouterr().err

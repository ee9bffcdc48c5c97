import json

import pytest

from dirac.cli.main import main
from dirac.packaged import find_model


def test_the_card_of_the_model_that_ships_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["parts"] == "drums, bass"
    assert "mixtures alone, no stems" in told["training"]
    main(["inspect", "drums-bass", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert content["folder"] == str(find_model(None))
    assert content["card"]["separation"]["piece_seconds"] > 0


def test_a_model_without_names_and_scores_is_told_too(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", "models/decomposition", "--json"])
    assert json.loads(capsys.readouterr().out)["prior"] is None
    main(["inspect", "shelf/drums-bass"])
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert told["prior"] == "draws new components, 0.4 seconds at once"
    assert told["scores"] == "not scored"
    assert told["versions"].startswith("dirac ")

"""Cards of other programs, or changed by hand, that lack an entry cost one line."""

import json
from pathlib import Path

import pytest

from dirac.cli.main import main
from dirac.model_files import load_model, save_model

from ..test_packing import write_scores

MODEL = Path("models/decomposition")


@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("inspect {}", "params"),
        ("inspect {}", "data"),
        ("inspect {}", "sources"),
        ("inspect {}", "sample_rate"),
        ("learn a.wav b.flac -o mine --model {}", "n_frames"),
        ("pack {} -o mine --scores reports/metrics.json", "sources"),
    ],
)
def test_a_card_that_lacks_an_entry_is_told_with_it(
    songs: list[str], capsys: pytest.CaptureFixture[str], command: str, lacking: str
) -> None:
    state, card = load_model(MODEL)
    params = {"seed": 0, "train": {"objective": "anchored", "n_steps": 3, "batch_size": 2}}
    save_model(MODEL, state, card | {"params": params})
    main(["inspect", str(MODEL)])
    kept = {name: value for name, value in (card | {"params": params}).items() if name != lacking}
    if "--scores" in command:
        kept.pop("params")
    save_model(MODEL, state, kept)
    write_scores(Path("reports"), MODEL)
    with pytest.raises(SystemExit) as stopped:
        main(command.format(MODEL).split())
    assert stopped.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert f"card.json lacks '{lacking}': train the model again" in line


def test_scores_that_are_none_are_told(
    songs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    card = Path("shelf/drums-bass/card.json")
    card.write_text(json.dumps(json.loads(card.read_text()) | {"scores": [1]}))
    with pytest.raises(SystemExit):
        main(["models"])
    assert "card.json is damaged (list indices" in capsys.readouterr().err

"""Models of EnCodec, whose weights lie where params say and nowhere else."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dirac.audio.spectrogram import Spectrogram
from dirac.audio.weights import CodecError
from dirac.cli.main import main
from dirac.model_files import load_model, save_model

from ..tiny_models import SPECTROGRAM

MODEL = Path("models/decomposition")


@pytest.fixture
def opened(songs: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """The project's model has EnCodec, of which this program finds no weights by itself."""
    state, card = load_model(MODEL)
    save_model(MODEL, state, card | {"codec": card["codec"] | {"name": "encodec_24khz"}})
    yaml = YAML()
    params: Any = yaml.load(Path("params.yaml"))
    params["codec"].update(name="encodec_24khz", weights="kept/weights.th")
    params["train"]["anchors"].update(speed_octaves=0.0, equaliser_db=0.0)
    yaml.dump(params, Path("params.yaml"))
    found: list[Path | None] = []

    def load(name: str, weights: Path | None, quantized: bool, bandwidth: float) -> Spectrogram:
        found.append(weights)
        if weights is None:
            raise CodecError(f"{name}: a download, which no test does")
        return Spectrogram(**SPECTROGRAM)

    monkeypatch.setattr("dirac.audio.encodec.load_encodec", load)
    return found


@pytest.mark.parametrize(
    "command", [f"pack {MODEL} -o mine", f"learn a.wav b.flac -o mine --model {MODEL} --steps 2"]
)
def test_the_weights_that_params_name_are_taken(opened: list[Path | None], command: str) -> None:
    main(command.split())
    assert set(opened) == {Path("kept/weights.th").resolve()}
    assert load_model(Path("mine"))[1]["codec"]["name"] == "encodec_24khz"
    assert load_model(Path("mine"))[1].get("params", {}).get("codec", {}).get("weights") is None

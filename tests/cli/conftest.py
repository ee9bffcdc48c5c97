"""The `dirac` command on its own songs with an untrained model, in a folder like the project's."""

import json
from pathlib import Path

import numpy as np
import pytest

from dirac.audio.files import write_audio
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
    model = write_decomposition(tmp_path / "models" / "decomposition")
    prior = write_prior(tmp_path / "models" / "prior")
    packaged = tmp_path / "shelf" / "drums-bass"
    pack(model, packaged, load_params(tmp_path / "params.yaml"), None, prior)
    card = json.loads((packaged / "card.json").read_text())
    (packaged / "card.json").write_text(json.dumps(card | {"parts": ["drums", "bass"]}))
    monkeypatch.setattr("dirac.packaged.SHELF", packaged.parent)
    random = np.random.default_rng(0)
    for name, rate, n_channels in (("a.wav", 44100, 2), ("b.flac", 16000, 1)):
        write_audio(tmp_path / name, 0.1 * random.standard_normal((n_channels, rate)), rate)
    return ["a.wav", "b.flac"]

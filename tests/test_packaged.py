"""The models that ship with the package can be used as they are."""

import shutil
from pathlib import Path

import pytest
import torch

from dirac.assembly import open_separator
from dirac.model_files import CheckpointError, load_model
from dirac.packaged import default_model, describe, packaged_models, part_names
from dirac.params import load_params
from dirac.settings import apply

PROJECT = Path(__file__).parents[1]
MOST_BYTES = 8e6


@pytest.mark.parametrize("folder", packaged_models(), ids=lambda folder: folder.name)
def test_a_packaged_model_is_small_scored_and_separates(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sum(path.stat().st_size for path in folder.rglob("*")) < MOST_BYTES
    separator = open_separator(folder)
    assert len(part_names(folder, separator.n_parts)) == separator.n_parts
    assert "refined" in describe(folder)
    mixture = 0.1 * torch.randn(2, 11025, generator=torch.Generator().manual_seed(0))
    parts = separator.refined(mixture, 22050)
    torch.testing.assert_close(parts.sum(0), mixture, rtol=0, atol=1e-5)


def test_the_default_model_ships_with_the_package() -> None:
    assert default_model() in packaged_models()


def test_without_the_default_model_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dirac.packaged.SHELF", tmp_path)
    assert packaged_models() == []
    with pytest.raises(CheckpointError, match="--model"):
        default_model()


def test_own_songs_go_on_from_a_model_of_their_shape(tmp_path: Path) -> None:
    params = Path(shutil.copy(PROJECT / "params.yaml", tmp_path))
    for name in ("tiny", "encodec-mini", "own-songs"):  # whatever was there before
        apply(name, params, PROJECT / "settings.yaml")
    chosen = load_params(params)
    assert chosen.train.start is not None
    card = load_model(PROJECT / chosen.train.start)[1]["model"]
    said = chosen.model.model_dump(mode="json")
    known = [key for key in said if key in card]  # coherence and gates are younger than it
    assert [said[key] for key in known] == [card[key] for key in known]

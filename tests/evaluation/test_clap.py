"""A CLAP of a few thousand weights, untrained, in the format of the public ones."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

from dirac.evaluation.clap import Clap
from dirac.model_files import CheckpointError
from dirac.reporting.generation import KINDS, read_new_music

TEXT = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 50,
}
AUDIO = {
    "hidden_size": 32,
    "patch_embeds_hidden_size": 16,
    "depths": [1, 1],
    "num_attention_heads": [2, 2],
    "num_hidden_layers": 2,
    "spec_size": 64,
    "num_mel_bins": 16,
    "window_size": 4,
    "projection_dim": 16,
    "enable_fusion": False,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clap"
    torch.manual_seed(0)
    model = ClapModel(ClapConfig(text_config=TEXT, audio_config=AUDIO, projection_dim=16))
    model.save_pretrained(folder)
    ClapFeatureExtractor(
        feature_size=16, hop_length=480, max_length_s=2, truncation="rand_trunc"
    ).save_pretrained(folder)
    return folder


def test_songs_become_embeddings_of_length_one_each_by_itself(folder: Path) -> None:
    clap = Clap(folder)
    songs = list(torch.randn(3, 2, 24000, generator=torch.Generator().manual_seed(0)))
    found = clap.embed(songs, 24000)
    assert found.shape == (3, 16)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(clap.embed(songs[1:], 24000), found[1:])
    assert not torch.allclose(found[0], found[1], atol=1e-3)


def test_a_folder_without_a_model_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere .*\(there is no such folder\)$"):
        Clap(tmp_path / "nowhere")
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="holds no CLAP model"):
        Clap(folder)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_evaluation_measures_by_it_too(
    evaluate: Callable[[], Path], project: Path, folder: Path
) -> None:
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    params["evaluate"]["clap"] = str(folder)
    yaml.dump(params, project / "params.yaml")
    figures = json.loads((evaluate() / "metrics.json").read_text())["generation"]
    by_clap = {name for name in figures if name.startswith("clap_")}
    assert by_clap == {f"clap_{name}" for name in KINDS}
    new_music = read_new_music(figures)
    assert new_music is not None
    assert all(row.clap != "–" for row in new_music.rows)

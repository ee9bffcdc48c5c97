from pathlib import Path

import pytest
import torch

from dirac.model_files import CheckpointError
from dirac.separation.generate import Generator

from ..tiny_models import separator, write_latent_diffusion, write_prior


@pytest.fixture
def generator(tmp_path: Path) -> Generator:
    return Generator.load(write_prior(tmp_path / "prior"), separator())


def test_songs_of_any_length_from_their_seed(generator: Generator) -> None:
    song = generator.generate(37, seed=1)
    assert song.shape == (1, 2, 2, 37)
    torch.testing.assert_close(generator.generate(37, seed=1), song, rtol=0, atol=0)
    assert not torch.equal(generator.generate(37, seed=2), song)


def test_what_is_kept_is_kept_and_the_rest_is_new(generator: Generator) -> None:
    components = torch.randn(1, 2, 2, 16)
    new = generator.vary(components, (1,), seed=0)
    torch.testing.assert_close(new[:, 1], components[:, 1], rtol=0, atol=0)
    assert not torch.equal(new[:, 0], components[:, 0])
    torch.testing.assert_close(generator.vary(components, (0, 1), seed=0), components)


def test_a_prior_of_other_components_is_refused(tmp_path: Path) -> None:
    folder = write_prior(tmp_path / "prior", n_components=3)
    with pytest.raises(CheckpointError, match=r"knows 3 components .* makes 2"):
        Generator.load(folder, separator())
    with pytest.raises(CheckpointError, match=r"knows 3 components of 2 .* makes 1 of 128"):
        Generator.of_latents(folder, separator())
    with pytest.raises(CheckpointError, match="no trained model"):
        Generator.load(tmp_path / "nowhere", separator())


def test_a_plain_latent_diffusion_makes_latents(tmp_path: Path) -> None:
    generator = Generator.of_latents(write_latent_diffusion(tmp_path / "plain"), separator())
    assert generator.generate(40, seed=1).shape == (1, 1, 128, 40)

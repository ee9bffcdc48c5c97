import torch

from dirac.networks.embeddings import AlphaEmbedding, SinusoidalEmbedding


def test_sinusoids_have_the_closed_form() -> None:
    embedding = SinusoidalEmbedding(6, factor=1000.0, max_period=10_000.0)
    alpha = torch.tensor([0.0, 0.3])
    angles = alpha[:, None] * torch.tensor([1000.0, 1000 * 10 ** -(4 / 3), 1000 * 10 ** -(8 / 3)])
    expected = torch.cat([angles.cos(), angles.sin()], dim=1)
    torch.testing.assert_close(embedding(alpha), expected, rtol=1e-4, atol=1e-4)
    assert embedding.state_dict() == {}


def test_near_alphas_have_different_embeddings() -> None:
    torch.manual_seed(0)
    embedding = AlphaEmbedding(16)
    embedded = embedding(torch.tensor([0.5, 0.501, 0.9]))
    assert embedded.shape == (3, 16)
    near, far = (embedded[1:] - embedded[0]).norm(dim=1)
    assert 0 < near < far

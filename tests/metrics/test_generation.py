import pytest
import torch

from dirac.metrics.generation import embed, frechet_distance


def gaussian(n_samples: int, n_features: int, seed: int) -> torch.Tensor:
    return torch.randn(n_samples, n_features, generator=torch.Generator().manual_seed(seed))


def test_embedding_is_mean_and_deviation_over_time() -> None:
    latents = torch.tensor([[[1.0, 3.0], [5.0, 5.0]]])
    torch.testing.assert_close(embed(latents), torch.tensor([[2.0, 5.0, 1.0, 0.0]]))


def test_distance_of_a_set_to_itself_is_zero_in_any_order() -> None:
    samples = gaussian(24, 64, seed=0)
    assert frechet_distance(samples.flip(0), samples) == pytest.approx(0.0, abs=1e-3)


def test_distance_of_a_shift_is_its_square_in_standard_deviations() -> None:
    samples = gaussian(24, 64, seed=0) * 3.0
    shift = 2.0 * samples.std(0)
    assert frechet_distance(samples + shift, samples) == pytest.approx(4.0 * 64, rel=1e-3)


def test_distance_of_scaled_gaussians_approaches_the_closed_form() -> None:
    """Tr(S + 4 S - 2 * 2 S) is the trace of S, the number of features."""
    samples = gaussian(2000, 8, seed=0)
    assert frechet_distance(2.0 * gaussian(2000, 8, seed=1), samples) == pytest.approx(8, rel=0.15)


def test_few_samples_still_tell_the_same_from_another_distribution() -> None:
    reference, same = gaussian(24, 256, seed=0), gaussian(24, 256, seed=1)
    assert 3 * frechet_distance(same, reference) < frechet_distance(3.0 * same + 1.0, reference)


def test_a_constant_feature_is_left_out() -> None:
    samples = gaussian(24, 4, seed=0)
    padded = torch.cat([samples, torch.ones(24, 1)], dim=1)
    assert frechet_distance(padded + 1.0, padded) == pytest.approx(
        frechet_distance(samples + 1.0, samples), rel=1e-5
    )


def test_too_little_is_an_error() -> None:
    with pytest.raises(ValueError, match="two samples"):
        frechet_distance(torch.ones(1, 3), gaussian(5, 3, seed=0))
    with pytest.raises(ValueError, match="all the same"):
        frechet_distance(gaussian(5, 3, seed=0), torch.ones(5, 3))

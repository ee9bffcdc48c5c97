import pytest
import torch

from dirac.metrics.generation import (
    cut,
    diversity,
    embed,
    frechet_distance,
    nearest,
    similarity,
)


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


def test_windows_stand_side_by_side() -> None:
    latents = torch.arange(14.0).reshape(1, 2, 7)
    assert cut(latents, 3).tolist() == [[[0, 1, 2], [7, 8, 9]], [[3, 4, 5], [10, 11, 12]]]
    assert torch.equal(cut(latents, 10), latents)


def test_a_copy_is_found_at_any_frame_and_under_noise() -> None:
    torch.manual_seed(0)
    song = torch.randn(8, 200)
    windows = torch.stack([song[:, start : start + 30] for start in (0, 33, 170)])
    torch.testing.assert_close(nearest(windows, song, 5), torch.zeros(3), rtol=0, atol=2e-3)
    noisy = nearest(windows + 0.5 * torch.randn_like(windows), song, 5)
    torch.testing.assert_close(noisy, torch.full((3,), 0.5 / 1.25**0.5), rtol=0, atol=0.15)


def test_what_is_no_copy_is_as_far_as_it_is_different() -> None:
    """Orthogonal and as loud: the root of 2; next to silence: 1."""
    one, other = torch.eye(2)[:, :, None].expand(2, 2, 30)
    torch.testing.assert_close(nearest(one[None], other, 5), torch.tensor([2.0]).sqrt())
    torch.testing.assert_close(nearest(one[None], torch.zeros(2, 40), 5), torch.ones(1))


def test_variations_as_far_apart_as_songs_have_a_diversity_of_one() -> None:
    reference = gaussian(400, 16, seed=0)
    assert diversity(gaussian(400, 16, seed=1).reshape(200, 2, 16), reference) == pytest.approx(
        1, rel=0.05
    )
    same = gaussian(5, 16, seed=2)[:, None].expand(5, 2, 16)
    assert diversity(same, reference) == pytest.approx(0, abs=1e-6)


def test_similarity_does_not_depend_on_level() -> None:
    x = gaussian(3, 4, seed=0)
    assert similarity(3 * x, x) == pytest.approx(1)
    assert similarity(-x, x) == pytest.approx(-1)

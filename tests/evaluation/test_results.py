import pytest

from dirac.evaluation.results import summary_metrics


def test_ours_is_summarised_by_source_and_others_by_their_mean() -> None:
    scores = {"si_sdr": {"mean": 7.0, "drums": 7.0, "bass": None}}
    metrics = {
        "separation": {"refined": scores, "nmf": {"si_sdr": {"mean": 1.5, "drums": 1.5}}},
        "reconstruction": {"latent_mse": 0.25},
        "generation": {"frechet_generated": 3.0},
        "counts": {"n_excerpts": 4},
    }
    assert summary_metrics(metrics) == pytest.approx(
        {
            "si_sdr/mean": 7.0,
            "si_sdr/drums": 7.0,
            "nmf/si_sdr/mean": 1.5,
            "reconstruction/latent_mse": 0.25,
            "generation/frechet_generated": 3.0,
        }
    )

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

from dirac.metrics.separation import bss_eval, si_sdr

RATE = 8000


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((3, 1, 2 * RATE)).astype(np.float32)


def test_si_sdr_of_orthogonal_distortion_is_the_ratio_of_energies() -> None:
    time = np.arange(1000) / 1000
    reference, other = np.sin(2 * np.pi * 5 * time), np.sin(2 * np.pi * 9 * time)
    assert si_sdr(reference + 0.1 * other, reference) == pytest.approx(20.0)
    assert si_sdr(-7.0 * (reference + 0.1 * other), 3.0 * reference) == pytest.approx(20.0)


def test_si_sdr_keeps_leading_axes_and_agrees_with_torchmetrics(noise: np.ndarray) -> None:
    import torch
    from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio

    estimates = noise[:2] + 0.3 * noise[2]
    ours = si_sdr(estimates, noise[:2])
    theirs = scale_invariant_signal_distortion_ratio(
        torch.from_numpy(estimates).double(), torch.from_numpy(noise[:2]).double()
    )
    assert ours.shape == (2, 1)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)


def test_si_sdr_says_what_silence_and_perfection_are() -> None:
    tone = np.array([1.0, -1.0, 2.0, 0.0])
    assert np.isnan(si_sdr(tone, 0 * tone))
    assert si_sdr(0 * tone, tone) == -np.inf
    assert si_sdr(2 * tone, tone) == np.inf


def test_bss_eval_knows_white_noise(noise: np.ndarray) -> None:
    """White noise admits no filter: SDR is the energy ratio, and the leak is interference."""
    estimates = noise[:2] + 0.1 * noise[1::-1]
    scores = bss_eval(noise[:2], estimates, RATE, 1.0, 0.5)
    assert scores["SDR"].shape == (2, 3)
    np.testing.assert_allclose(scores["SDR"], 20.0, atol=0.3)
    np.testing.assert_allclose(scores["SIR"], 20.0, atol=0.3)
    assert (scores["SAR"] > 40).all()


def test_bss_eval_punishes_gain_but_si_sdr_does_not(noise: np.ndarray) -> None:
    scores = bss_eval(noise[:2], 2 * (noise[:2] + 0.1 * noise[2]), RATE, 1.0, 0.5)
    assert (scores["SDR"] < 1.0).all()


def test_bss_eval_leaves_out_silent_sources_only(noise: np.ndarray) -> None:
    estimates = noise + 0.1 * noise[[1, 2, 0]]
    both = bss_eval(noise[:2], estimates[:2], RATE, 1.0, 0.5)
    references, with_silence = noise.copy(), estimates.copy()
    references[2] = 0.0
    scores = bss_eval(references, with_silence, RATE, 1.0, 0.5)
    for name, values in scores.items():
        assert np.isnan(values[2]).all()
        np.testing.assert_allclose(values[:2], both[name])


def test_bss_eval_of_a_silent_estimate_is_nan_and_the_others_keep_their_score(
    noise: np.ndarray,
) -> None:
    estimates = noise + 0.1 * noise[[1, 2, 0]]
    whole = bss_eval(noise, estimates, RATE, 1.0, 0.5)
    estimates[1] = 0.0
    scores = bss_eval(noise, estimates, RATE, 1.0, 0.5)
    for name, values in scores.items():
        assert np.isnan(values[1]).all()
        np.testing.assert_allclose(values[[0, 2]], whole[name][[0, 2]])


def test_bss_eval_of_nothing_is_nan(noise: np.ndarray) -> None:
    scores = bss_eval(0 * noise, noise, RATE, 1.0, 0.5)
    assert all(np.isnan(values).all() for values in scores.values())


def test_bss_eval_marks_a_silent_frame_undefined(noise: np.ndarray) -> None:
    references = noise[:2].copy()
    references[0, :, :RATE] = 0.0
    sdr = bss_eval(references, noise[:2] + 0.1 * noise[2], RATE, 1.0, 1.0)["SDR"]
    assert np.isnan(sdr[:, 0]).all()
    assert np.isfinite(sdr[:, 1]).all()


def test_bss_eval_of_perfect_or_equal_signals_never_raises(noise: np.ndarray) -> None:
    perfect = bss_eval(noise[:2], noise[:2], RATE, 1.0, 0.5)["SDR"]
    assert (np.isnan(perfect) | (perfect > 60)).all()
    twice = noise[[0, 0]]
    bss_eval(twice, twice + 0.1 * noise[1:], RATE, 1.0, 0.5)


def test_bss_eval_of_dependent_references_is_nan(
    noise: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def singular(*_: np.ndarray, lower: bool = False) -> None:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(scipy.linalg, "cho_factor", singular)
    monkeypatch.setattr(np.linalg, "solve", singular)
    scores = bss_eval(noise[:2], noise[:2], RATE, 1.0, 0.5)
    assert all(np.isnan(values).all() for values in scores.values())


def test_bss_eval_rejects_another_length(noise: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one shape"):
        bss_eval(noise, noise[..., 1:], RATE, 1.0, 0.5)


def test_bss_eval_needs_no_ffmpeg() -> None:
    code = (
        "import numpy as np; from dirac.metrics.separation import bss_eval; import sys;"
        "x = np.random.default_rng(0).standard_normal((2, 1, 4000));"
        "bss_eval(x, x + 0.1 * x[::-1], 8000, 1.0, 1.0);"
        "assert 'museval' not in sys.modules and 'musdb' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PATH": ""}, check=True)

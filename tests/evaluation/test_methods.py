from functools import partial

import numpy as np
import torch

from dirac.evaluation.methods import codec_oracle, oracle_mask, round_trip, separate_mixture
from dirac.separation.baselines.mixture import mixture_shares

REFERENCES = np.random.default_rng(0).standard_normal((2, 1, 4000)).astype(np.float32)


def test_a_separator_gets_the_mixture_alone() -> None:
    parts = separate_mixture(partial(mixture_shares, n_parts=4), REFERENCES, 8000)
    np.testing.assert_allclose(parts, np.stack([REFERENCES.sum(0) / 4] * 4))


def test_the_oracle_is_near_the_references_and_sums_to_the_mixture() -> None:
    estimates = oracle_mask(REFERENCES, 8000, n_fft=256, power=2.0)
    np.testing.assert_allclose(estimates.sum(0), REFERENCES.sum(0), atol=1e-5)
    error = np.square(estimates - REFERENCES).sum()
    assert error < 0.6 * np.square(REFERENCES.sum(0) / 2 - REFERENCES).sum()


def test_round_trip_passes_stems_at_their_own_level_and_cuts_the_padding() -> None:
    seen = []

    def encode(waveform: torch.Tensor) -> torch.Tensor:
        seen.append(waveform)
        return torch.nn.functional.pad(waveform, (0, 3))

    references = np.random.default_rng(0).standard_normal((2, 1, 10)).astype(np.float32)
    estimates = round_trip(encode, lambda latents: latents, references, 8000)
    np.testing.assert_allclose(estimates, references)
    np.testing.assert_allclose(seen[0].numpy(), 2 * references)


def test_the_codecs_oracle_masks_the_mixture_by_stems_at_their_own_level() -> None:
    def mask(parts: torch.Tensor, mixture: torch.Tensor, sample_rate: int) -> torch.Tensor:
        torch.testing.assert_close(parts, 2 * torch.from_numpy(REFERENCES) + 1)
        assert sample_rate == 8000
        return torch.stack([0.25 * mixture, 0.75 * mixture])

    estimates = codec_oracle(lambda waveforms: waveforms + 1, mask, REFERENCES, 8000)
    np.testing.assert_allclose(estimates[1], 0.75 * REFERENCES.sum(0))

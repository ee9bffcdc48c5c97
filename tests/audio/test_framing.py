import pytest
import torch

from dirac.audio.framing import n_frames_of, pad_to_frames


@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 1), (320, 1), (321, 2), (168_000, 525)])
def test_frames_are_rounded_up_and_filled_with_silence(n_samples, n_frames):
    assert n_frames_of(n_samples, 320) == n_frames
    padded = pad_to_frames(torch.ones(2, n_samples), 320)
    assert padded.shape == (2, n_frames * 320)
    assert padded.sum() == 2 * n_samples

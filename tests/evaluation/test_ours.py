"""What is scored is what a person gets from the same separator."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dirac.evaluation.ours import Ours
from dirac.evaluation.signals import Signals

from ..tiny_models import SETTINGS, separator

PARTS = ["refined", "untrained", "decoded", "regressed", "codec_oracle", "codec_mask"]


@pytest.mark.parametrize("n_shifts", [1, 3])
def test_parts_are_those_of_the_separator(tmp_path: Path, n_shifts: int) -> None:
    signals, excerpts = Signals(tmp_path), ["one", "two"]
    for seed, excerpt in enumerate(excerpts):
        references = np.random.default_rng(seed).normal(size=(2, 1, 9600)).astype(np.float32)
        signals.save_references(excerpt, 0.1 * references)
    model = separator()
    model.settings = replace(SETTINGS, n_shifts=n_shifts)
    untrained = separator()
    torch.nn.init.normal_(next(untrained.model.encoder.parameters()))
    ours = Ours(model, untrained, signals, excerpts, seed=5, n_processes=1)
    ours.separate(PARTS)
    for number, excerpt in enumerate(excerpts):
        references = torch.from_numpy(signals.load_references(excerpt))
        mixture, rate = references.sum(0), model.codec.sample_rate
        latents = model.codec.encode(2 * references)
        for method, expected in {
            "refined": model.refined(mixture, rate),
            "untrained": untrained.refined(mixture, rate),
            "decoded": model.decoded(mixture, rate, 5 + number),
            "regressed": model.regressed(mixture, rate),
            "codec_oracle": model.masked(latents, mixture, rate, model.settings.of_parts_alone),
            "codec_mask": model.masked(latents, mixture, rate, model.settings.of_masks_alone),
        }.items():
            np.testing.assert_array_equal(signals.load_parts(method, excerpt), expected.numpy())

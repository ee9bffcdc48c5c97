"""BSS Eval against museval, which defines it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.signal import lfilter

from dirac.metrics.bss_eval import frame_ratios


@pytest.fixture(scope="module")
def museval() -> ModuleType:
    """`museval.metrics` as a lone file: `import museval` fails where ffmpeg is missing."""
    package = importlib.util.find_spec("museval")
    spec = importlib.util.spec_from_file_location(
        "museval_metrics", Path(package.origin).with_name("metrics.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def coloured(n_sources: int, n_channels: int, n_samples: int) -> np.ndarray:
    """Noise that falls with frequency, as music does."""
    noise = np.random.default_rng(0).normal(size=(n_sources, n_channels, n_samples))
    return lfilter([1], [1, -0.95], noise, axis=-1).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "window", "hop"),
    [
        ((2, 1, 12_000), 6000, 2500),
        ((3, 1, 9001), 4001, 999),
        ((2, 2, 8000), 8000, 1000),
        ((2, 1, 5000), 9000, 1000),  # one window, longer than the signal
    ],
)
def test_it_is_museval(museval: ModuleType, shape: tuple[int, ...], window: int, hop: int) -> None:
    references = coloured(*shape)
    estimates = 0.8 * references + 0.2 * references[::-1] + 0.05 * np.roll(references, 700, -1)
    references[0, :, : shape[-1] // 2] *= 1e-3  # levels that differ
    expected = museval.bss_eval(
        np.moveaxis(references, 1, 2).astype(np.float64),
        np.moveaxis(estimates, 1, 2).astype(np.float64),
        window=window,
        hop=hop,
        compute_permutation=False,
    )
    for ours, theirs in zip(
        frame_ratios(references, estimates, window, hop), expected, strict=False
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_it_is_museval_where_a_frame_is_silent_and_for_one_source(museval: ModuleType) -> None:
    references = coloured(1, 1, 8000)
    references[..., :3000] = 0
    estimates = references + 0.1 * coloured(2, 1, 8000)[1:]
    expected = museval.bss_eval(
        np.moveaxis(references, 1, 2), np.moveaxis(estimates, 1, 2), window=3000, hop=2000
    )
    for ours, theirs in zip(
        frame_ratios(references, estimates, 3000, 2000), expected, strict=False
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    assert np.isnan(expected[0][0, 0])
    assert np.isinf(expected[2][0, 1])  # no interference

"""The evaluation of an excerpt: its separation by every method, and its scores by BSS Eval."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from floors import copy
from measure import Row, Work, interleaved
from setting import Size, params_of

from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.scores import Settings, score

RATE = 24_000


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Excerpts of 7 s a second; floor: a copy of what is read."""
    params, n_repeats = params_of(), max(1, size.n_repeats // 2)
    n_samples = round(min(7.0, size.song_seconds) * RATE)
    random = np.random.default_rng(0)
    references = (0.1 * random.normal(size=(2, 1, n_samples))).astype(np.float32)
    parts = references + 0.3 * references[::-1]
    chosen = params.evaluate
    window = min(chosen.window_seconds, size.song_seconds / 2)
    settings = Settings(
        ("drums", "bass"), RATE, window, min(chosen.hop_seconds, window), params.data.silence_db
    )
    works: dict[str, Work] = {
        f"separated by {name}": partial(method, references, RATE)
        for name, method in make_baselines(chosen, 2, params.seed).items()
    }
    same = ((0, 1), (0, 1))
    works["scored"] = partial(score, parts, references, same, settings)
    copying, n_bytes = copy(torch.device("cpu"))
    timings = interleaved(works | {"copy": copying}, n_repeats)
    floor = references.nbytes / n_bytes * timings["copy"].wall
    for name in works:
        yield Row("evaluation", name, 1, "excerpts/s", timings[name], "copy", floor)

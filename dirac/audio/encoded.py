"""Audio files as bytes."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile


def encoded(
    samples: np.ndarray[Any, np.dtype[Any]], sample_rate: int, form: str, **how: Any
) -> bytes:
    """What libsndfile makes of samples, (time,) or (time, channels), in a format of its.

    how: as for `soundfile.write`. By way of a file: where libsndfile calls Python back to write, a
    signal's exception is lost in the call, and the block with it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audio")
        soundfile.write(os.fsencode(path), samples, sample_rate, format=form, **how)
        return path.read_bytes()

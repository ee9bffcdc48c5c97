"""Audio files as bytes."""

import os
from typing import Any

import numpy as np
import soundfile


def encoded(
    samples: np.ndarray[Any, np.dtype[Any]], sample_rate: int, form: str, **how: Any
) -> bytes:
    """What libsndfile makes of samples, (time,) or (time, channels), in a format of its.

    how: as for `soundfile.write`. By way of a file in memory: where libsndfile calls Python back to
    write, a signal's exception is lost in the call, and the block with it. Raises OSError where
    there is no room for that file.
    """
    with os.fdopen(os.memfd_create("audio"), "rb") as file:
        try:
            soundfile.write(file.fileno(), samples, sample_rate, format=form, closefd=False, **how)
        except soundfile.SoundFileError as error:
            raise OSError(f"no room in memory for audio that is encoded: {error}") from error
        file.seek(0)
        return file.read()

"""Audio files as bytes, also where a signal comes while they are made."""

import io
import signal
from types import FrameType

import numpy as np
import pytest
import soundfile

from dirac.audio.encoded import encoded

RATE = 24_000
SAMPLES = np.random.default_rng(0).uniform(-0.5, 0.5, (60 * RATE, 1)).astype(np.float32)


@pytest.mark.parametrize("form", ["FLAC", "MP3"])
def test_the_bytes_are_those_of_a_file_in_memory(form: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, SAMPLES[:RATE], RATE, format=form)
    assert encoded(SAMPLES[:RATE], RATE, form) == file.getvalue()


def test_a_signal_ends_it_and_is_not_lost() -> None:
    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(number)

    before = signal.signal(signal.SIGALRM, leave)
    try:
        for seconds in (0.001, 0.003, 0.01, 0.03):
            signal.setitimer(signal.ITIMER_REAL, seconds)
            with pytest.raises(SystemExit):
                encoded(SAMPLES, RATE, "MP3")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

"""The parts of a song as files that lose nothing: read back, they still sum to it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from torch import Tensor

from dirac.audio.files import AudioError, Waveform

MAX_CHANNELS = 8  # of FLAC
MAX_PLAIN_RATE, MAX_RATE = 65_535, 655_350  # Hz; between them FLAC holds multiples of 10 alone


def write_parts(folder: Path, names: Sequence[str], parts: Tensor, sample_rate: int) -> list[Path]:
    """Writes parts (parts, channels, time) as 24-bit .flac files of these names -> their paths.

    A part may be louder than its song and leave [-1, 1], where flac clips: then, and where flac
    cannot hold the channels or the rate, all are .wav files of 32-bit floats. Every file is written
    beside, then renamed; the same input gives the same bytes. Raises AudioError, naming the file.
    """
    suffix = ".flac" if fits_flac(parts, sample_rate) else ".wav"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}{suffix}" for name in names]
    for path, part in zip(paths, parts, strict=True):
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        samples = np.asarray(part, dtype=np.float32)
        try:
            if suffix == ".flac":
                soundfile.write(
                    os.fsencode(beside), samples.T, sample_rate, "PCM_24", format="FLAC"
                )
            else:
                _write_floats(beside, samples, sample_rate)
            beside.replace(path)
        except (soundfile.SoundFileError, ValueError) as error:
            raise AudioError(f"{path} cannot be written: {error}") from error
        finally:
            beside.unlink(missing_ok=True)
    for path in paths:  # of an earlier separation of another song by this name
        path.with_suffix(".wav" if suffix == ".flac" else ".flac").unlink(missing_ok=True)
    return paths


def fits_flac(parts: Tensor, sample_rate: int) -> bool:
    """Whether flac holds parts (parts, channels, time) without clipping."""
    rate_fits = sample_rate <= MAX_PLAIN_RATE or (sample_rate <= MAX_RATE and sample_rate % 10 == 0)
    return rate_fits and parts.shape[1] <= MAX_CHANNELS and bool((parts.abs() <= 1).all())


def _write_floats(path: Path, samples: Waveform, sample_rate: int) -> None:
    # soundfile would write the time of day into the file.
    from scipy.io import wavfile

    wavfile.write(path, sample_rate, samples.T)

"""Audio files through soundfile: read, write, resample, change the number of channels.

Waveforms are float32, (..., channels, time), in [-1, 1].
"""

import os
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import soundfile
import torch
from torch import Tensor

Waveform = np.ndarray[Any, np.dtype[np.float32]]
Array = TypeVar("Array", Waveform, Tensor)


class AudioError(ValueError):
    """A file that cannot be read or written as audio; the message names the file."""


class AudioInfo(NamedTuple):
    sample_rate: int
    n_samples: int
    n_channels: int


def audio_info(path: Path) -> AudioInfo:
    """What the header says. Raises AudioError when there is no such file or it is no audio."""
    try:
        info = soundfile.info(str(path))
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path} cannot be read as audio: {_reason(path, error)}") from error
    return AudioInfo(info.samplerate, info.frames, info.channels)


def read_audio(path: Path, start: int = 0, n_samples: int | None = None) -> tuple[Waveform, int]:
    """Samples [start, start + n_samples) of a file, to its end when None -> (channels, time), Hz.

    Raises AudioError when the file is missing, truncated, shorter than asked or holds NaN.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            wanted = file.frames - start if n_samples is None else n_samples
            if not 0 <= start <= start + wanted <= file.frames:
                raise AudioError(
                    f"{path} has {file.frames} samples: {wanted} from {start} on are not in it"
                )
            file.seek(start)
            samples = file.read(wanted, dtype="float32", always_2d=True)
            sample_rate = file.samplerate
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path} cannot be read as audio: {_reason(path, error)}") from error
    if len(samples) < wanted:
        raise AudioError(
            f"{path} is truncated: it ends after {start + len(samples)} of {start + wanted} samples"
        )
    if not np.isfinite(samples).all():
        raise AudioError(f"{path} holds values that are not finite (NaN or infinity)")
    return np.ascontiguousarray(samples.T), sample_rate


# 16 bits hide last-bit differences between processors; a float wav would hold the time of day.
SUBTYPES = {
    ".flac": ("FLAC", "PCM_16"),
    ".wav": ("WAV", "PCM_24"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}


def write_audio(path: Path, waveform: Waveform | Tensor, sample_rate: int) -> None:
    """Writes (channels, time) as .flac (16 bits), .wav (24 bits) or .mp3, beside, then renamed.

    Values outside [-1, 1] are clipped. The same input gives the same bytes.
    """
    if path.suffix not in SUBTYPES:
        raise AudioError(f"{path}: the suffix must be one of {', '.join(SUBTYPES)}")
    samples = np.asarray(waveform, dtype=np.float32)
    if samples.ndim != 2:
        raise AudioError(f"{path}: a waveform is (channels, time), this one is {samples.shape}")
    format_, subtype = SUBTYPES[path.suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        soundfile.write(str(beside), samples.T, sample_rate, subtype=subtype, format=format_)
        beside.replace(path)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path} cannot be written: {error}") from error
    finally:
        beside.unlink(missing_ok=True)


def resample(waveform: Array, from_rate: int, to_rate: int) -> Array:
    """(..., time) at from_rate -> (..., ceil(time * to_rate / from_rate)), windowed sinc."""
    import torchaudio

    if from_rate == to_rate:
        return waveform
    if isinstance(waveform, np.ndarray):
        return resample(torch.from_numpy(waveform), from_rate, to_rate).numpy()
    resampled: Tensor = torchaudio.functional.resample(
        waveform, from_rate, to_rate, lowpass_filter_width=32
    )
    return resampled


def to_channels(waveform: Array, n_audio_channels: int) -> Array:
    """(..., channels, time) -> (..., n_audio_channels, time): averaged down, repeated up."""
    n_channels = waveform.shape[-2]
    if n_channels == n_audio_channels:
        return waveform
    if n_channels > 1:
        waveform = waveform.mean(-2)[..., None, :]
    if isinstance(waveform, np.ndarray):
        return np.repeat(waveform, n_audio_channels, axis=-2)
    return waveform.repeat_interleave(n_audio_channels, dim=-2)


def _reason(path: Path, error: Exception) -> str:
    return f"{error} Is it truncated?" if path.exists() else "there is no such file"

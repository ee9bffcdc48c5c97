"""Audio files through soundfile: read, write, resample, change the number of channels.

Waveforms are float32, (..., channels, time), in [-1, 1].
"""

import math
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
import soundfile
import torch
from torch import Tensor

from dirac.audio.counted import counted
from dirac.audio.whole import why_not_whole
from dirac.remedies import remedy

RATES = range(100, 1_000_001)  # Hz
BLOCK = 1 << 20  # samples that are read at once
MAX_KERNEL = 1 << 25  # numbers
REACH = 1 << 16  # samples before a place in an .mp3 that decide what is there
LOUDEST = 1e12  # of samples; 1 is full scale, and integers read as they are reach 2^31
# Libsndfile's names of what is read; of other formats nothing here tells that one was cut.
FORMATS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "MP3", "OGG"}

Waveform = np.ndarray[Any, np.dtype[np.float32]]
Array = TypeVar("Array", Waveform, Tensor)


class AudioError(ValueError):
    """A file that cannot be read or written as audio; the message names the file."""


class AudioInfo(NamedTuple):
    sample_rate: int
    n_samples: int
    n_channels: int


@contextmanager
def open_audio(path: Path) -> Iterator[soundfile.SoundFile]:
    """A file to read from, while the `with` block lasts.

    Raises AudioError when it is missing, no regular file, no audio, of a rate outside `RATES`, of
    a length that it does not tell, cut short, several recordings in one, or when reading from it in
    the block fails.
    """
    if reason := _why_no_file(path):
        raise AudioError(f"{path} cannot be read as audio: {reason}")
    try:
        with ExitStack() as stack:
            copy = _copy(stack, path)
            source = os.fsencode(path) if copy is None else copy.fileno()
            with soundfile.SoundFile(source, closefd=False) as file:
                if file.format not in FORMATS:
                    raise soundfile.SoundFileError(f"of the format {file.format}")
                if file.samplerate not in RATES:
                    raise AudioError(
                        f"{path} has a sample rate of {file.samplerate} Hz: it must be from "
                        f"{RATES.start} to {RATES.stop - 1} Hz"
                    )
                if copy is None and (reason := why_not_whole(path, file.format, file.frames)):
                    raise AudioError(f"{path} {reason}")
                yield file
    except soundfile.SoundFileError as error:
        # Not in libsndfile's words: it says of any damaged mp3 that there is no such file.
        raise AudioError(
            f"{path} cannot be read as audio: it is no .wav, .flac, .mp3, .ogg, .opus, .aiff, .au, "
            ".caf, .w64 or .rf64, or it is damaged or truncated; ffmpeg converts others "
            "(`ffmpeg -i song.m4a song.flac`)"
        ) from error


def audio_info(path: Path) -> AudioInfo:
    """What the header says. Raises AudioError as `open_audio` does."""
    with open_audio(path) as file:
        return AudioInfo(file.samplerate, file.frames, file.channels)


def read_audio(path: Path, start: int = 0, n_samples: int | None = None) -> tuple[Waveform, int]:
    """Samples [start, start + n_samples) of a file, to its end when None -> (channels, time), Hz.

    Raises AudioError when the file is missing, truncated, shorter than asked or holds NaN.
    """
    with open_audio(path) as file:
        wanted = file.frames - start if n_samples is None else n_samples
        if not 0 <= start <= start + wanted <= file.frames:
            raise AudioError(
                f"{path} has {file.frames} samples: {wanted} from {start} on are not in it"
            )
        before = min(start, REACH) if file.format == "MP3" else 0
        file.seek(start - before)
        samples = _read_blocks(file, before + wanted)[before:]
        sample_rate = file.samplerate
    if len(samples) < wanted:
        raise AudioError(
            f"{path} is truncated: it ends after {start + len(samples)} of {start + wanted} samples"
        )
    check_samples(path, samples)
    return np.ascontiguousarray(samples.T), sample_rate


def check_samples(path: Path, samples: Waveform) -> None:
    """Raises AudioError for what is no sound: NaN, infinity, or beyond `LOUDEST`."""
    if not np.isfinite(samples).all():
        raise AudioError(f"{path} holds values that are not finite (NaN or infinity)")
    if np.abs(samples).max(initial=0) > LOUDEST:
        raise AudioError(
            f"{path} holds values of up to {np.abs(samples).max():.0e}, where 1 is full scale: "
            "make it softer"
        )


# 16 bits hide last-bit differences between processors; a float wav would hold the time of day.
FORMS = {".flac": ("FLAC", "PCM_16"), ".wav": ("WAV", "PCM_24"), ".mp3": ("MP3", "MPEG_LAYER_III")}


def check_suffix(path: Path) -> None:
    """Raises AudioError where no format goes by the suffix."""
    if path.suffix not in FORMS:
        raise AudioError(f"{path}: the suffix must be one of {', '.join(FORMS)}")


def write_audio(path: Path, waveform: Waveform | Tensor, sample_rate: int) -> None:
    """Writes (channels, time) as .flac (16 bits), .wav (24 bits) or .mp3, beside, then renamed.

    Values outside [-1, 1] are clipped. The same input gives the same bytes.
    """
    check_suffix(path)
    samples = np.asarray(waveform, dtype=np.float32)
    if samples.ndim != 2:
        raise AudioError(f"{path}: a waveform is (channels, time), this one is {samples.shape}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        encode(beside, [samples.T], len(samples), sample_rate, FORMS[path.suffix])
        beside.replace(path)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path} cannot be written: {error}") from error
    finally:
        beside.unlink(missing_ok=True)


def encode(
    path: Path, blocks: Iterable[Waveform], n_channels: int, sample_rate: int, form: tuple[str, str]
) -> None:
    """Consecutive (time, channels) by libsndfile, in a format and subtype of its.

    Raises SoundFileError where they cannot be written, also where only the end of the file cannot:
    libsndfile does not tell when closing fails, as on a full disk.
    """
    container, subtype = form
    n_samples = 0
    with soundfile.SoundFile(
        os.fsencode(path), "w", sample_rate, n_channels, subtype, format=container
    ) as file:
        for block in blocks:
            file.write(block)
            n_samples += len(block)
    if n_samples and not _holds(path, n_samples):
        raise soundfile.SoundFileError("its end is not on the disk, which is perhaps full")


def resample(waveform: Array, from_rate: int, to_rate: int) -> Array:
    """(..., time) at from_rate -> (..., ceil(time * to_rate / from_rate)), windowed sinc."""
    import torchaudio

    if from_rate == to_rate:
        return waveform
    if isinstance(waveform, np.ndarray):
        return resample(torch.from_numpy(waveform), from_rate, to_rate).numpy()
    ratio = Fraction(from_rate, to_rate)
    # The kernel holds numerator times denominator numbers: 4 GB for 44,101 Hz to 24,000. Then it is
    # the nearest ratio of smaller ones, a millisecond off after hours.
    near = ratio.limit_denominator(max(1, math.isqrt(int(MAX_KERNEL / ratio))))
    resampled: Tensor = torchaudio.functional.resample(
        waveform, near.numerator, near.denominator, lowpass_filter_width=32
    )
    n_samples = math.ceil(waveform.shape[-1] / ratio)
    missing = n_samples - resampled.shape[-1]
    return torch.nn.functional.pad(resampled, (0, missing)) if missing else resampled


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


def _copy(stack: ExitStack, path: Path) -> BinaryIO | None:
    """As `counted`, while the stack lasts."""
    try:
        return stack.enter_context(counted(path))
    except OSError as error:
        raise AudioError(
            f"{path} cannot be copied into the folder of temporary files, TMPDIR, to be read "
            f"({error.strerror}): {remedy(error)}"
        ) from error


def _why_no_file(path: Path) -> str | None:
    """Why there is nothing to open. A pipe would be waited for, a device never end."""
    if path.suffix.lower() == ".raw":
        return "raw samples tell neither rate nor channels; make a .wav file of it"
    try:
        state = path.stat()
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError) as error:  # too long a name, a loop of links, a null byte
        return f"{getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(state.st_mode):
        return "it is a folder"
    if not stat.S_ISREG(state.st_mode):
        return "it is a pipe or a device, no file"
    if not os.access(path, os.R_OK):
        return "you may not read it"
    return None if state.st_size else "it is empty"


def _read_blocks(file: soundfile.SoundFile, n_samples: int) -> Waveform:
    """(time, channels), fewer if the file ends early: its header may promise more than memory."""
    blocks = []
    while n_samples > 0:
        block = file.read(min(n_samples, BLOCK), dtype="float32", always_2d=True)
        blocks.append(block)
        n_samples = n_samples - len(block) if len(block) == min(n_samples, BLOCK) else 0
    return np.concatenate(blocks) if blocks else np.zeros((0, file.channels), np.float32)


def _holds(path: Path, n_samples: int) -> bool:
    """Whether a file has so many samples. An mp3 is read, as it begins with its length."""
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            if file.format == "MP3":
                return sum(iter(lambda: len(file.read(BLOCK)), 0)) == n_samples
            return bool(file.frames == n_samples)
    except soundfile.SoundFileError:
        return False

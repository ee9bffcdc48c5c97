"""Tracks with their stems, and the rule that mixes sources.

The readers of data sets (slakh, musdb) make `Track`s; everything after them works on these alone.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dirac.audio.files import AudioInfo, Waveform, audio_info, read_audio, resample, to_channels
from dirac.data import ffmpeg
from dirac.data.errors import DataError

# Encoders pad by a fraction of a second; a larger difference means a wrong or unfinished file.
LENGTH_TOLERANCE_SECONDS = 0.1

# Samples read on each side of an excerpt, so that its edges are resampled as inside the track.
CONTEXT = 1024


@dataclass(frozen=True)
class Stem:
    """One file of a track, or one audio stream of a .stem.mp4."""

    path: Path
    stream: int | None = None


@dataclass(frozen=True)
class Track:
    """A song: `stems` maps each source it has to the stems of that source.

    `name` is unique in its data set. A source that is absent from `stems` is silent.
    """

    name: str
    split: str
    sample_rate: int
    n_samples: int
    stems: Mapping[str, tuple[Stem, ...]]

    @property
    def duration_seconds(self) -> float:
        return self.n_samples / self.sample_rate


def mix(sources: Waveform) -> Waveform:
    """The mixing rule of the paper: the mean, (sources, channels, time) -> (channels, time)."""
    mixture: Waveform = sources.mean(axis=0, dtype=np.float32)
    return mixture


def sources_of(tracks: Iterable[Track]) -> list[str]:
    """The sources that at least one of the tracks has, sorted."""
    return sorted({source for track in tracks for source in track.stems})


def tracks_with(tracks: Iterable[Track], sources: Sequence[str]) -> list[Track]:
    """The tracks that have at least one of the sources: the mixtures of all others are silence."""
    return [track for track in tracks if not track.stems.keys().isdisjoint(sources)]


def check_sources(tracks: Iterable[Track], sources: Sequence[str]) -> None:
    """Raises DataError, listing those that exist, if no track has one of the sources."""
    existing = sources_of(tracks)
    unknown = [source for source in sources if source not in existing]
    if unknown:
        raise DataError(
            f"data.sources: no track has {', '.join(unknown)}; there are {', '.join(existing)}"
        )


def read_sources(
    track: Track,
    sources: Sequence[str],
    start_seconds: float,
    duration_seconds: float,
    sample_rate: int,
    n_audio_channels: int,
) -> Waveform:
    """The sources of an excerpt -> (sources, channels, time), round(duration * rate) samples.

    Several stems of a source are averaged; a source that the track lacks is silence. Raises
    DataError if the excerpt reaches past the track, AudioError if a stem cannot be read.
    """
    end_seconds = start_seconds + duration_seconds
    if start_seconds < 0 or end_seconds > track.duration_seconds + 1 / track.sample_rate:
        raise DataError(
            f"{track.name} lasts {track.duration_seconds:.3f} s: "
            f"there is no excerpt from {start_seconds:.3f} to {end_seconds:.3f} s"
        )
    n_samples = round(duration_seconds * sample_rate)
    waveforms = np.zeros((len(sources), n_audio_channels, n_samples), dtype=np.float32)
    for waveform, source in zip(waveforms, sources, strict=True):
        stems = track.stems.get(source, ())
        for stem in stems:
            read = _read_resampled(stem, track, start_seconds, n_samples, sample_rate)
            waveform += to_channels(read, n_audio_channels) / len(stems)
    return waveforms


def track_info(name: str, infos: Mapping[Path, AudioInfo]) -> AudioInfo:
    """What all files of a track have in common: the first (its mixture) says it.

    Raises DataError naming the file that has another sample rate or another length.
    """
    first, *others = infos
    info = infos[first]
    remedy = f"replace the files of {name} or remove it"
    if info.n_samples == 0:
        raise DataError(f"{first} is empty: {remedy}")
    for path in others:
        rate, n_samples, _ = infos[path]
        if rate != info.sample_rate:
            raise DataError(
                f"{path} has {rate} Hz, but {first.name} of its track {info.sample_rate}: {remedy}"
            )
        if abs(n_samples - info.n_samples) > LENGTH_TOLERANCE_SECONDS * rate:
            raise DataError(
                f"{path} has {n_samples} samples, but {first.name} of its track "
                f"{info.n_samples}: {remedy}"
            )
    return info


def _read_resampled(
    stem: Stem, track: Track, start_seconds: float, n_samples: int, sample_rate: int
) -> Waveform:
    """(channels, n_samples) at sample_rate, from start_seconds on."""
    # One step is a whole number of samples at both rates, so that a context of whole steps
    # can be cut off exactly after resampling.
    divisor = math.gcd(track.sample_rate, sample_rate)
    step, resampled_step = track.sample_rate // divisor, sample_rate // divisor
    n_steps = 0 if step == resampled_step else math.ceil(CONTEXT / step)
    start = round(start_seconds * track.sample_rate) - n_steps * step
    wanted = math.ceil(n_samples * step / resampled_step) + 2 * n_steps * step
    waveform = resample(_read_padded(stem, track, start, wanted), track.sample_rate, sample_rate)
    first = n_steps * resampled_step
    return waveform[:, first : first + n_samples]


def _read_padded(stem: Stem, track: Track, start: int, n_samples: int) -> Waveform:
    """(channels, n_samples) from sample `start` on, with silence outside the stem."""
    begin = max(start, 0)
    end = min(start + n_samples, track.n_samples)
    if stem.stream is None:
        end = min(end, audio_info(stem.path).n_samples)
        waveform, _ = read_audio(stem.path, begin, max(end - begin, 0))
    else:
        waveform = ffmpeg.read_stream(stem.path, stem.stream, begin, end - begin, track.sample_rate)
    before = begin - start
    return np.pad(waveform, ((0, 0), (before, n_samples - before - waveform.shape[1])))

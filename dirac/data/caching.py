"""Tracks -> excerpts -> latents -> one store per split: the work of the stage cache_latents."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from dirac.audio.codecs import Codec
from dirac.audio.files import AudioError, Waveform
from dirac.audio.framing import n_frames_of
from dirac.command import ignore_signals
from dirac.data.errors import DataError
from dirac.data.excerpts import Excerpt, Excerpts
from dirac.data.store import (
    N_COMMITTED,
    VERSION,
    Record,
    StoreMeta,
    StoreWriter,
    frames_at,
    read_meta,
)
from dirac.data.tracks import Track, mix, read_sources
from dirac.devices import CPU, device_of

# Latents (channels, frames) of mixture, sources, mixture at other speeds; why none; what is wrong.
Item = list[Tensor] | str | Exception

# What is computed ahead lies in shared memory, of which a container may have 64 MB only.
MAX_PROCESSES = 16


@dataclass(frozen=True)
class Selection:
    """Which sources make a mixture, and which excerpts are left out.

    Those whose mixture's RMS is below silence_db (dB relative to full scale); with
    drop_silent_sources, the paper's rule, also those where a source's RMS is below source_rms.
    """

    sources: tuple[str, ...]
    duration_seconds: float
    silence_db: float
    drop_silent_sources: bool
    source_rms: float

    def reason_to_drop(self, sources: Waveform) -> str | None:
        """(sources, channels, time) -> why this excerpt is left out, or None."""
        rms = np.sqrt(np.square(mix(sources), dtype=np.float64).mean())
        if rms < 10 ** (self.silence_db / 20):
            return f"mixture below {self.silence_db:g} dB"
        if self.drop_silent_sources:
            for name, source in zip(self.sources, sources, strict=True):
                if np.sqrt(np.square(source, dtype=np.float64).mean()) < self.source_rms:
                    return f"{name} below an RMS of {self.source_rms:g}"
        return None


class ExcerptLatents(Dataset[Item]):
    """Item i: latents (channels, frames) of excerpt i, of its mixture first, or why not.

    Of a single source, which is its own mixture, there is the mixture alone. Last come those of the
    mixture at each of `speeds`, played as a tape: higher and shorter, or lower and longer.

    Errors of files are items too: raised in a worker, they would come with its stack.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        excerpts: Excerpts,
        codec: Codec,
        selection: Selection,
        dtype: str,
        speeds: Sequence[float] = (),
    ) -> None:
        self.tracks = {track.name: track for track in tracks}
        self.excerpts = excerpts
        self.codec, self.selection, self.dtype = codec, selection, dtype
        self.speeds = tuple(speeds)
        self.device = CPU  # where the codec is
        n_samples = round(selection.duration_seconds * codec.sample_rate)
        self.n_frames = n_frames_of(n_samples, codec.hop)

    def __len__(self) -> int:
        return len(self.excerpts)

    def __getitem__(self, index: int) -> Item:
        excerpt = self.excerpts[index]
        try:
            sources = self._read(excerpt, self.codec.sample_rate)
            if reason := self.selection.reason_to_drop(sources):
                return reason
            played = [self._played(excerpt, speed) for speed in self.speeds]
        except (AudioError, DataError) as error:
            return error
        stems = sources if len(sources) > 1 else sources[:0]  # of one source, it is the mixture
        waveforms = [mix(sources), *stems, *played]
        # One after another: EnCodec takes a quarter less time than for all at once.
        moved = (torch.from_numpy(one)[None].to(self.device) for one in waveforms)
        encoded = [self.codec.encode(one)[0].cpu() for one in moved]
        latents = [one.to(getattr(torch, self.dtype)) for one in encoded]
        if not all(one.isfinite().all() for one in latents):
            return DataError(f"{excerpt.name}: latents out of range for codec.dtype {self.dtype}")
        return latents

    def _played(self, excerpt: Excerpt, speed: float) -> Waveform:
        """The mixture (channels, time) at a speed, of as many whole frames as there are."""
        n_samples = frames_at(self.n_frames, speed) * self.codec.hop
        mixture = mix(self._read(excerpt, round(self.codec.sample_rate / speed)))[:, :n_samples]
        return np.pad(mixture, ((0, 0), (0, n_samples - mixture.shape[1])))

    def _read(self, excerpt: Excerpt, sample_rate: int) -> Waveform:
        """The sources (sources, channels, time)."""
        return read_sources(
            self.tracks[excerpt.track],
            self.selection.sources,
            excerpt.start_seconds,
            excerpt.duration_seconds,
            sample_rate,
            self.codec.n_audio_channels,
        )


def states_of_stems(tracks: Sequence[Track], sources: Sequence[str]) -> list[tuple[str, int, int]]:
    """Path, bytes and time of change of each file that is read: cheap to know, unlike contents."""
    stems = [stem for track in tracks for source in sources for stem in track.stems.get(source, ())]
    states = [(stem.path, stem.path.stat()) for stem in stems]
    return [(str(path), state.st_size, state.st_mtime_ns) for path, state in states]


def cache_split(
    latents: ExcerptLatents,
    path: Path,
    n_processes: int,
    *,
    data_name: str,
    codec_settings: dict[str, Any],
    devices: Sequence[torch.device] = (CPU,),
) -> int:
    """Write the store of one split, or go on where a killed call stopped -> its excerpts' number.

    The same input gives the same bytes, in one go or several, from any number of processes (one
    thread each) and of `devices` of a kind, which these take in turn. Raises AudioError or
    DataError for an excerpt that cannot be read, DataError when every one is dropped.
    """
    writer = StoreWriter(path)
    if writer.is_finished:
        return len(read_meta(path).excerpts)
    records = _computed(latents, first := writer.n_records, n_processes, devices)
    with tqdm(None, path.stem, len(latents), initial=first, unit=" excerpts") as progress:
        while group := list(islice(records, N_COMMITTED)):
            writer.append(group)
            progress.update(len(group))
    meta = _meta(latents, writer, data_name, codec_settings)
    writer.finish(meta)
    return len(meta.excerpts)


def _computed(
    latents: ExcerptLatents, first: int, n_processes: int, devices: Sequence[torch.device]
) -> Iterator[Record]:
    """Records from `first` on, in order; a few are computed ahead.

    Tensors come in shared memory: at a pipe, a worker would wait for ever for a killed parent.
    """
    if first == len(latents):
        return
    loader = DataLoader(
        latents,
        batch_size=None,
        sampler=range(first, len(latents)),
        num_workers=min(n_processes, MAX_PROCESSES),
        worker_init_fn=partial(_begin_process, latents, devices),
        multiprocessing_context="spawn" if devices[0].type == "cuda" else None,  # or CUDA refuses
    )
    for item in loader:
        if isinstance(item, Exception):
            raise item
        yield item if isinstance(item, str) else [one.numpy() for one in item]


def _begin_process(latents: ExcerptLatents, devices: Sequence[torch.device], number: int) -> None:
    """latents: this process's own. On a GPU they are a CPU's but for the order of sums."""
    ignore_signals(number)
    torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic = False, True
    latents.device = device_of(number, devices)
    if isinstance(latents.codec, nn.Module):
        latents.codec.to(latents.device)


def _meta(
    latents: ExcerptLatents, writer: StoreWriter, data_name: str, codec_settings: dict[str, Any]
) -> StoreMeta:
    selection, codec = latents.selection, latents.codec
    reasons = writer.dropped()
    kept = np.delete(np.arange(len(latents), dtype=np.int32), list(reasons))
    if not len(kept):
        why = ", ".join(sorted(set(reasons.values())))
        raise DataError(f"{writer.path.stem}: every excerpt is left out: {why}")
    mean, std = writer.moments()
    return StoreMeta(
        version=VERSION,
        data_name=data_name,
        codec=codec_settings,
        sample_rate=codec.sample_rate,
        frame_rate=codec.frame_rate,
        exponent=codec.exponent,
        homogeneous=codec.homogeneous,
        n_channels=codec.n_channels,
        n_frames=latents.n_frames,
        dtype=latents.dtype,
        sources=selection.sources,
        speeds=latents.speeds,
        excerpts=latents.excerpts.take(kept),
        records=kept,
        dropped=dict(sorted(Counter(reasons.values()).items())),
        mean=tuple(mean),
        std=tuple(std),
    )

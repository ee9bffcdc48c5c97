"""Codecs, there and back, and the caching stage beside its codec alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch
from floors import copy, device
from measure import Row, Work, interleaved
from setting import Size, params_of

from dirac.audio.codecs import Codec
from dirac.audio.spectrogram import Spectrogram
from dirac.data.caching import ExcerptLatents, Selection
from dirac.data.excerpts import excerpts_of
from dirac.data.tracks import Stem, Track

SECONDS = 7.0


def open_codec(name: str) -> Codec:
    """With weights drawn at random: they are as fast as trained ones."""
    if name == "spectrogram":
        return Spectrogram(**params_of().codec.spectrogram.model_dump())
    from dirac.audio.encodec import as_codec, untrained

    return as_codec(name, untrained(name), quantized=True, bandwidth=24.0)


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Seconds of audio a second, of excerpts of 7 s; floor: the copying of what goes in and out."""
    n_repeats = max(1, size.n_repeats // 2)
    seconds = min(SECONDS, size.song_seconds)
    for name in size.codecs:
        codec = open_codec(name)
        if isinstance(codec, torch.nn.Module):
            codec.to(device())
        n_samples = round(seconds * codec.sample_rate)
        waveform = 0.1 * torch.randn(1, codec.n_audio_channels, n_samples, device=device())
        latents = codec.encode(waveform)
        copying, n_bytes = copy(device())
        works: dict[str, Work] = {
            "encode": lambda codec=codec, waveform=waveform: codec.encode(waveform),
            "decode": lambda codec=codec, latents=latents: codec.decode(latents),
            "copy": copying,
        }
        timings = interleaved(works, n_repeats)
        moved = (waveform.nbytes + latents.nbytes) / n_bytes * timings["copy"].wall
        for way in ("encode", "decode"):
            name_of_row = f"{name}, {way}"
            unit = "x real time"
            yield Row("codecs", name_of_row, seconds, unit, timings[way], "copy", moved)
    yield from caching(size, folder)


def caching(size: Size, folder: Path) -> Iterator[Row]:
    """Excerpts a second as the stage computes them, beside the encoding of the same waveforms."""
    rate, seconds = 44_100, min(SECONDS, size.song_seconds)
    random = np.random.default_rng(0)
    stems = {}
    for source in ("drums", "bass"):
        path = folder / f"{source}.flac"
        soundfile.write(path, 0.1 * random.normal(size=round(rate * 2 * seconds)), rate)
        stems[source] = (Stem(path),)
    track = Track("song", "train", rate, round(rate * 2 * seconds), stems)
    selection = Selection(("drums", "bass"), seconds, -50.0, False, 0.01)
    for name in size.codecs[:2]:
        codec = open_codec(name)
        excerpts = excerpts_of([track], seconds)
        latents = ExcerptLatents([track], excerpts, codec, selection, "float16")
        waveforms = 0.1 * torch.randn(3, 1, round(seconds * codec.sample_rate))
        works: dict[str, Work] = {
            "stage": lambda latents=latents: latents[1],
            "codec": lambda codec=codec, waveforms=waveforms: [
                codec.encode(waveform[None]) for waveform in waveforms
            ],
        }
        timings = interleaved(works, size.n_repeats)
        bare = timings["codec"].wall
        yield Row("codecs", f"caching, {name}", 1, "excerpts/s", timings["stage"], "codec", bare)

"""What a codec cannot do: what is lost on the way through it, how linear it is, speed and size.

Every codec is measured at the sample rate of the music, so that codecs of different rates compare.
"""

import math
import multiprocessing
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dirac.audio.codecs import Codec
from dirac.audio.files import resample
from dirac.metrics.reconstruction import multiscale_stft
from dirac.metrics.separation import si_sdr
from dirac.models.composition import compose

Signal = NDArray[np.floating]
Figures = dict[str, Any]  # by name; None: not to be had


def measure_losses(
    codec: Codec,
    excerpts: Sequence[Signal],
    names: Sequence[str],
    sample_rate: int,
    silence_db: float,
) -> dict[str, Figures]:
    """What comes back of music, against what went in: means over the excerpts.

    excerpts: (sources, channels, time) each, sources of these names, as many channels as the codec
    takes. The ways: the mixture (the mean of the sources) and each source alone, encoded and
    decoded; `mean of latents`, the mixture decoded from the sources' latents, composed; `mean of
    stems`, the mean of the decoded sources. Figures: `n_excerpts`, those whose reference's RMS is
    above silence_db; `si_sdr` in dB; `multiscale_stft`, the distance of
    `dirac.metrics.reconstruction`. None where nothing sounds.

    Linear codecs have no more loss by the last two ways than by the first. What their latents
    alone say is `latents_db`: their variance over the power of what the composed ones lack.
    """
    ways = ("mixture", *names, "mean of latents", "mean of stems")
    found: dict[str, list[Figures]] = {way: [] for way in ways}
    for sources in excerpts:
        references, estimates, latents_db = _pass(codec, sources, sample_rate)
        for way, reference, estimate in zip(ways, references, estimates, strict=True):
            if float(reference.square().mean()) > 10 ** (silence_db / 10):
                figures = _distances(estimate, reference)
                if way == "mean of latents":
                    figures["latents_db"] = latents_db
                found[way].append(figures)
    return {way: _mean(figures) for way, figures in found.items()}


@torch.inference_mode()
def _pass(codec: Codec, sources: Signal, sample_rate: int) -> tuple[Tensor, Tensor, float]:
    """-> references, what comes of them, both (ways, channels, time), and `latents_db`."""
    stems = torch.from_numpy(sources).float()
    inputs = torch.cat([stems.mean(0, keepdim=True), stems])
    latents = codec.encode(resample(inputs, sample_rate, codec.sample_rate))
    composed = compose(latents[None, 1:], "mean", codec.exponent, coherence=1.0)
    decoded = codec.decode(torch.cat([latents, composed]))
    back = resample(decoded, codec.sample_rate, sample_rate)[..., : inputs.shape[-1]]
    outputs = torch.cat([back, back[1:-1].mean(0, keepdim=True)])
    missing = (composed[0] - latents[0]).square().sum()
    variance = (latents[0] - latents[0].mean(-1, keepdim=True)).square().sum()
    decibels = 10 * math.log10(max(float(variance), 1e-20) / max(float(missing), 1e-20))
    return inputs[[*range(len(inputs)), 0, 0]], outputs, decibels


def _distances(estimate: Tensor, reference: Tensor) -> Figures:
    return {
        "si_sdr": float(si_sdr(estimate.flatten().numpy(), reference.flatten().numpy())),
        "multiscale_stft": float(multiscale_stft(estimate, reference).mean()),
    }


def _mean(excerpts: Sequence[Figures]) -> Figures:
    if not excerpts:
        return {"n_excerpts": 0, "si_sdr": None, "multiscale_stft": None}
    means = {key: float(np.mean([figures[key] for figures in excerpts])) for key in excerpts[0]}
    return {"n_excerpts": len(excerpts), **means}


def measure_speed(codec: Codec, seconds: float) -> Figures:
    """How many times faster than it sounds noise of so many seconds is encoded, and decoded.

    The faster of two runs, with the threads that torch has.
    """
    waveform = _noise(codec, seconds)
    latents = codec.encode(waveform)
    return {
        "encode": seconds / min(_seconds(codec.encode, waveform) for _ in range(2)),
        "decode": seconds / min(_seconds(codec.decode, latents) for _ in range(2)),
        "n_threads": torch.get_num_threads(),
    }


def _seconds(function: Callable[[Tensor], Tensor], signal: Tensor) -> float:
    start = time.perf_counter()
    function(signal)
    return time.perf_counter() - start


def measure_size(codec: Codec, dtype: str) -> Figures:
    """Parameters of its networks; numbers a second, and bytes an hour of them as `dtype`."""
    parameters = codec.parameters() if isinstance(codec, nn.Module) else ()
    numbers = codec.n_channels * codec.frame_rate
    itemsize = torch.empty(0, dtype=getattr(torch, dtype)).element_size()
    return {
        "n_parameters": sum(parameter.numel() for parameter in parameters),
        "numbers_per_second": numbers,
        "bytes_per_hour": round(3600 * numbers * itemsize),
    }


def measure_memory(load: Callable[[], Codec], seconds: float) -> int:
    """Peak bytes of a process that passes noise of so many seconds through a codec, all of it.

    load: picklable, gives the codec. Linux alone tells the peak.
    """
    context: Any = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        return pool.submit(_peak_of_round_trip, load, seconds).result()


def _peak_of_round_trip(load: Callable[[], Codec], seconds: float) -> int:
    codec = load()
    codec.decode(codec.encode(_noise(codec, seconds)))
    # Not resource.getrusage: a process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert kilobytes is not None
    return 1024 * int(kilobytes[1])


def _noise(codec: Codec, seconds: float) -> Tensor:
    """(1, channels, time), always the same."""
    generator = torch.Generator().manual_seed(0)
    shape = (1, codec.n_audio_channels, round(seconds * codec.sample_rate))
    return 0.1 * torch.randn(shape, generator=generator)

"""A song taken apart, end to end, by the model that ships; and how it parts into its steps."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from floors import device, flops_of, product
from measure import Row, Work, interleaved
from setting import Size, params_of
from training import decomposition

from dirac.assembly import open_separator
from dirac.audio.parts import write_parts
from dirac.audio.songs import Recording
from dirac.packaged import default_model, part_names
from dirac.separation.separator import Separator

RATE = 44_100


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Seconds of stereo at 44.1 kHz a second; floor: the products of the networks."""
    separator = open_separator(default_model())
    song = noise_song(size.song_seconds)
    names = part_names(default_model(), separator.n_parts)

    def separate() -> None:
        refine = partial(separator.refine, Recording(song, RATE))
        write_parts(folder / "parts", names, refine, RATE, len(song))

    # For its speed: it has learnt nothing, and its latents are our codec's.
    model = decomposition(params_of("paper")).to(device())
    large = Separator(model, separator.codec, separator.settings)
    multiply, flops = product()
    works: dict[str, Work] = {
        "refined, files written": separate,
        "refined": partial(separator.refined, song, RATE),
        "refined, paper's size": partial(large.refined, song, RATE),
        "decoded": partial(separator.decoded, song, RATE, 0),
        "product": multiply,
    }
    timings = interleaved(works, max(1, size.n_repeats // 2))
    per_flop = timings["product"].wall / flops
    for name in (name for name in works if name != "product"):
        needed = flops_of_networks(large if name.endswith("size") else separator, song)
        n_steps = separator.settings.solver.n_steps if name == "decoded" else 1
        floor = needed * per_flop * n_steps
        unit, seconds = "x real time", size.song_seconds
        yield Row("separation", name, seconds, unit, timings[name], "products", floor)


@torch.inference_mode()
def flops_of_networks(separator: Separator, song: torch.Tensor) -> float:
    return flops_of(lambda: separator.model.regress(separator.components(song, RATE)))


def noise_song(seconds: float) -> torch.Tensor:
    """Stereo noise that swells, (2, time): no sound is cheaper than another."""
    time = torch.arange(round(seconds * RATE)) / RATE
    noise = torch.randn(2, len(time), generator=torch.Generator().manual_seed(0))
    return 0.1 * noise * (2 * time).sin().abs()

"""Measures what each codec loses, how linear it is, its speed, size and memory.

    python benchmarks/codec_limits.py

On excerpts of the test split of data/raw; without that, of the first songs of the built-in test
split, which are rendered. Codecs have the settings of params.yaml. Writes docs/codecs.json with all
figures, and the tables of docs/codecs.md. Of a codec whose weights are not at hand only the cost is
measured, with random ones. Figures of codecs that are not named stay as they are there, unless they
are of other sources.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import torch
from codec_tables import write_tables
from tqdm import tqdm

from dirac.audio.codecs import Codec, load_codec
from dirac.audio.encodec import as_codec, untrained
from dirac.audio.files import Waveform
from dirac.audio.weights import CodecError
from dirac.command import behave_as_command
from dirac.data.collections import find_tracks
from dirac.data.excerpts import Excerpts, select_excerpts
from dirac.data.synthetic import Making, make_dataset
from dirac.data.tracks import Track, read_sources
from dirac.evaluation.codec_limits import (
    Figures,
    measure_losses,
    measure_memory,
    measure_size,
    measure_speed,
)
from dirac.params import Params, load_params
from dirac.scratch import from_root
from dirac.sections import CodecName


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    codecs = get_args(CodecName)
    parser.add_argument(
        "--codecs",
        nargs="+",
        default=codecs,
        choices=codecs,
        metavar="NAME",
        help=", ".join(codecs),
    )
    parser.add_argument("--data", type=Path, default=Path("data/raw"))
    parser.add_argument("--songs", type=int, default=6, help="rendered where there is no --data")
    parser.add_argument("--excerpts", type=int, default=24)
    parser.add_argument("--speed-seconds", type=float, default=30.0)
    parser.add_argument("--memory-seconds", type=float, default=600.0)
    parser.add_argument("--output", type=Path, default=Path("docs"), help="folder of both files")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    params = load_params()
    with tempfile.TemporaryDirectory() as scratch:
        tracks = find_test_tracks(params, arguments, Path(scratch))
        seconds = params.data.duration_seconds
        excerpts = select_excerpts(tracks, "test", seconds, arguments.excerpts)
        music = Music(params, tracks, excerpts)
        figures = {
            name: measure(name, music, arguments) for name in tqdm(arguments.codecs, unit=" codecs")
        }
    arguments.output.mkdir(parents=True, exist_ok=True)
    kept = arguments.output / "codecs.json"
    figures = comparable(json.loads(kept.read_text()) if kept.exists() else {}, figures) | figures
    figures = {name: figures[name] for name in codecs if name in figures}
    write_tables(arguments.output / "codecs.md", figures)
    kept.write_text(json.dumps(figures, indent=2) + "\n")


def comparable(kept: Mapping[str, Figures], measured: Mapping[str, Figures]) -> dict[str, Figures]:
    """Of the figures that were kept, those of what was measured now: other sources make others."""
    ways = [set(row["losses"]) for row in measured.values() if "losses" in row]
    return {
        name: row
        for name, row in kept.items()
        if "losses" not in row or all(set(row["losses"]) == now for now in ways)
    }


@dataclass(frozen=True)
class Music:
    params: Params
    tracks: list[Track]
    excerpts: Excerpts

    @property
    def sample_rate(self) -> int:
        """Hz, of the first track: the others are resampled."""
        return self.tracks[0].sample_rate

    def read(self, n_audio_channels: int) -> list[Waveform]:
        """The sources of every excerpt, (sources, channels, time)."""
        by_name = {track.name: track for track in self.tracks}
        return [
            read_sources(
                by_name[excerpt.track],
                self.params.data.sources,
                excerpt.start_seconds,
                excerpt.duration_seconds,
                self.sample_rate,
                n_audio_channels,
            )
            for excerpt in self.excerpts
        ]


def measure(name: str, music: Music, arguments: argparse.Namespace) -> Figures:
    """All figures of a codec; without its weights, those of its cost."""
    data = music.params.data
    figures: Figures = {}
    try:
        codec = open_codec(music.params, name)
    except CodecError as error:
        if name == "encodec_mini":  # whose weights are here, or wrong
            raise
        print(f"{name}: {error}", file=sys.stderr)
        codec = open_untrained(music.params, name)
    else:
        excerpts = music.read(codec.n_audio_channels)
        figures["losses"] = measure_losses(
            codec, excerpts, data.sources, music.sample_rate, data.silence_db
        )
    seconds = arguments.memory_seconds
    load = partial(open_again, open_codec if figures else open_untrained, name)
    return {
        **figures,
        "size": measure_size(codec, music.params.codec.dtype),
        "speed": measure_speed(codec, arguments.speed_seconds),
        "memory": {"seconds": seconds, "bytes": measure_memory(load, seconds)},
    }


def open_codec(params: Params, name: str) -> Codec:
    settings = params.codec
    own = settings.weights if name == settings.name else None
    return load_codec(
        name,
        weights=from_root(own),
        quantized=settings.quantized,
        bandwidth=settings.bandwidth,
        spectrogram=settings.spectrogram,
    )


def open_untrained(params: Params, name: str) -> Codec:
    """As fast and as large as with the right weights."""
    return as_codec(name, untrained(name), params.codec.quantized, params.codec.bandwidth)


def open_again(open_: Callable[[Params, str], Codec], name: str) -> Codec:
    """In a process of its own, to which params cannot be sent."""
    return open_(load_params(), name)


def find_test_tracks(params: Params, arguments: argparse.Namespace, scratch: Path) -> list[Track]:
    if arguments.data.exists():
        return find_tracks(params.data.name, arguments.data)
    settings = params.data.synthetic
    making = Making(**settings.model_dump(exclude={"seed", "n_songs"}))
    make_dataset(scratch, settings.seed, {"test": arguments.songs}, making)
    return find_tracks("synthetic", scratch)


if __name__ == "__main__":
    behave_as_command()
    main()

"""`dirac vary`: a song with new partners for what is kept of it."""

import argparse
from pathlib import Path

from dirac.cli.options import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_output,
    add_prior,
    add_seed,
    count,
    open_model,
    open_prior,
)
from dirac.cli.parts import parse_part
from dirac.cli.rendering import render

EPILOG = """\
examples:
  dirac vary song.wav --keep drums -o out/    out/song-1.flac: its drums, another bass
  dirac vary song.wav --keep 0 --count 4 --model mine/ -o out/    four of them, with your models

Parts are called as `dirac separate` calls them, or counted from 0. The prior draws the others given
those that are kept; the model renders all, at the sample rate of its codec.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "vary", "Give parts of a song new partners.", EPILOG)
    command.add_argument("song", type=Path, metavar="SONG")
    command.add_argument("--keep", nargs="+", required=True, metavar="PART", help="what stays")
    command.add_argument("--count", type=count, default=1, help="of variations, by default 1")
    add_output(command, "folder")
    add_model(command)
    add_prior(command)
    add_seed(command, "of the noise that all begins with")
    add_json(command, "one JSON object a variation, on a line of its own")
    command.set_defaults(run=vary)


def vary(chosen: argparse.Namespace) -> None:
    from dirac.audio.songs import AudioFile
    from dirac.packaged import part_names

    folder, separator = open_model(chosen)
    names = part_names(folder, separator.n_parts)
    kept = sorted({parse_part(text, names) for text in chosen.keep})
    if len(kept) == len(names):
        raise ValueError("--keep holds every part: leave one out, for which there is a new one")
    generator = open_prior(chosen, folder, separator)
    components = separator.components_of(AudioFile(chosen.song))
    told = {"song": str(chosen.song), "kept": [names[part] for part in kept]}
    for number in range(chosen.count):
        path = chosen.output / f"{chosen.song.stem}-{number + 1}.flac"
        seed = chosen.seed + number
        varied = generator.vary(components, kept, seed)
        render(chosen, (folder, separator), path, varied, seed, told)

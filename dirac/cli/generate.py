"""`dirac generate`: songs from the prior alone."""

import argparse

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
from dirac.cli.rendering import render

MAX_SECONDS = 3600.0

EPILOG = """\
examples:
  dirac generate --count 8 --seconds 20 --seed 1 -o out/   generated-1.flac to generated-8.flac
  dirac generate --model models/decomposition -o out/      with the models that you trained

The prior draws components from noise, which the model renders, at the sample rate of its
codec. Song k of a seed is always the same, however many there are.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "generate", "Make songs from nothing.", EPILOG)
    command.add_argument("--count", type=count, default=1, help="of songs, by default 1")
    command.add_argument("--seconds", type=_seconds, default=10.0, help="of each, by default 10")
    add_output(command, "folder")
    add_model(command)
    add_prior(command)
    add_seed(command, "of the noise that all begins with")
    add_json(command, "one JSON object a song, on a line of its own")
    command.set_defaults(run=generate)


def generate(chosen: argparse.Namespace) -> None:
    folder, separator = open_model(chosen)
    generator = open_prior(chosen, folder, separator)
    n_frames = max(1, round(chosen.seconds * separator.codec.frame_rate))
    for number in range(chosen.count):
        path, seed = chosen.output / f"generated-{number + 1}.flac", chosen.seed + number
        components = generator.generate(n_frames, seed)
        render(chosen, (folder, separator), path, components, seed, {})


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} is no time from 0.1 to {MAX_SECONDS:g} seconds")
    return value

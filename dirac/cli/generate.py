"""`dirac generate`: songs from the prior alone."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_common

SUFFIX = ".flac"


def add_to(commands: Commands) -> None:
    command = commands.add_parser("generate", help="songs from the prior alone")
    command.add_argument("--count", type=int, default=1)
    command.add_argument("--seconds", type=float, default=7.0)
    command.add_argument("--prior", type=Path, default=Path("models/prior"))
    add_common(command, "folder", "folder of a model; by default models/decomposition")
    # The packaged model has no prior: it is the project's that goes with the project's.
    command.set_defaults(run=generate, model=Path("models/decomposition"))


def generate(chosen: argparse.Namespace) -> None:
    from dirac.assembly import open_separator
    from dirac.audio.files import write_audio
    from dirac.separation.generate import Generator

    if chosen.count < 1 or not 0.1 <= chosen.seconds <= 600:
        raise ValueError("--count must be 1 at least, --seconds from 0.1 to 600")
    separator = open_separator(chosen.model, chosen.params)
    generator = Generator.load(chosen.prior, separator, separator.settings.n_steps)
    n_frames = round(chosen.seconds * separator.codec.frame_rate)
    for number in range(chosen.count):
        components = generator.generate(n_frames, chosen.seed + number)
        song = separator.sing(components, chosen.seed + number)
        path = chosen.output / f"song-{number + 1}{SUFFIX}"
        write_audio(path, song, separator.codec.sample_rate)
        print(path)

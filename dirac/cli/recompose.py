"""`dirac recompose`: a new song of the components of others."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_common, read_song


def add_to(commands: Commands) -> None:
    command = commands.add_parser("recompose", help="a new song of the components of others")
    command.add_argument("songs", type=Path, nargs="+", metavar="SONG")
    command.add_argument(
        "--take",
        nargs="+",
        required=True,
        metavar="SONG:COMPONENT",
        help="a:0 b:1 is component 0 of the first song with component 1 of the second",
    )
    add_common(command, "file to write: .flac, .wav or .mp3")
    command.set_defaults(run=recompose)


def recompose(chosen: argparse.Namespace) -> None:
    from dirac.assembly import open_separator
    from dirac.audio.files import write_audio
    from dirac.packaged import default_model
    from dirac.separation.recompose import recompose as choose

    choices = [parse_choice(text) for text in chosen.take]
    separator = open_separator(chosen.model or default_model(), chosen.params)
    songs = [separator.components(*read_song(path)) for path in chosen.songs]
    song = separator.sing(choose(songs, choices), chosen.seed)
    write_audio(chosen.output, song, separator.codec.sample_rate)
    print(chosen.output)


def parse_choice(text: str) -> tuple[int, int]:
    """ "b:1" -> (1, 1): the second song, its component 1."""
    song, _, component = text.partition(":")
    if len(song) != 1 or not "a" <= song <= "z" or not component.isdecimal():
        raise ValueError(f"--take {text}: write a letter for the song and a number, as in b:1")
    return ord(song) - ord("a"), int(component)

"""`dirac recompose`: a new song of the components of others."""

import argparse
from pathlib import Path

from dirac.cli.options import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_output,
    add_seed,
    open_model,
)
from dirac.cli.parts import parse_choice
from dirac.cli.rendering import render
from dirac.cli.songs import check_kept

EPILOG = """\
examples:
  dirac recompose a.wav b.wav --take a:drums b:bass -o new.flac
  dirac recompose a.wav b.wav --take a:0 b:1 -o new.flac      the same, if part 0 is the drums
  dirac recompose a.wav --take a:0 a:1 -o again.flac          a song as the model hears it

a is the first song, b the second, and so on; a part is called as `dirac separate` calls it, or
counted from 0. The new song is as long as the shortest of those taken from, and both are brought to
one level first. It is rendered by the model, at the sample rate of its codec, from the
components alone: nothing of the sound of the files is in it.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "recompose", "Make a song of the components of others.", EPILOG)
    command.add_argument("songs", type=Path, nargs="+", metavar="SONG")
    command.add_argument(
        "--take",
        nargs="+",
        required=True,
        metavar="SONG:PART",
        help="which part of which song, as a:drums or b:1",
    )
    add_output(command, "file to write: .flac, .wav or .mp3")
    add_model(command)
    add_seed(command, "of the noise that is rendered from")
    add_json(command, "a JSON object that tells what was written")
    command.set_defaults(run=recompose)


def recompose(chosen: argparse.Namespace) -> None:
    from dirac.audio.files import check_suffix
    from dirac.audio.songs import AudioFile
    from dirac.packaged import part_names
    from dirac.separation.recompose import recompose as choose

    check_suffix(chosen.output)
    check_kept(chosen.songs, [chosen.output])
    folder, separator = open_model(chosen)
    names = part_names(folder, separator.n_parts)
    choices = [parse_choice(text, names, len(chosen.songs)) for text in chosen.take]
    songs = [separator.components_of(AudioFile(path)) for path in chosen.songs]
    told = {"take": chosen.take}
    taken = choose(songs, choices)
    render(chosen, (folder, separator), chosen.output, taken, chosen.seed, told)

"""`dirac separate`: songs into their parts."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_common, read_song


def add_to(commands: Commands) -> None:
    command = commands.add_parser("separate", help="take songs apart")
    command.add_argument("songs", type=Path, nargs="+", metavar="SONG", help="wav, flac, mp3, ogg")
    command.add_argument("--raw", action="store_true", help="the parts as the model renders them")
    add_common(
        command,
        "folder; a song's parts go into a folder of its name, as .flac, or as .wav of floats "
        "where .flac would clip",
    )
    command.set_defaults(run=separate)


def separate(chosen: argparse.Namespace) -> None:
    """Writes drums.flac, bass.flac ... of every song, by the model's card; they sum to the song."""
    from dirac.assembly import open_separator
    from dirac.audio.parts import write_parts
    from dirac.packaged import default_model, part_names

    folders = [chosen.output / song.stem for song in chosen.songs]
    if len(set(folders)) < len(folders):
        raise ValueError("two songs have the same name: separate them into different folders")
    model = chosen.model or default_model()
    separator = open_separator(model, chosen.params)
    names = part_names(model, separator.n_parts)
    for song, folder in zip(chosen.songs, folders, strict=True):
        waveform, rate = read_song(song)
        if chosen.raw:
            parts = separator.decoded(waveform, rate, chosen.seed)
        else:
            parts = separator.refined(waveform, rate)
        for path in write_parts(folder, names, parts, rate):
            print(path)

"""`dirac describe`: the components of a song as curves."""

import argparse
from pathlib import Path

from dirac.cli.options import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_output,
    open_model,
    tell,
)

EPILOG = """\
examples:
  dirac describe song.wav -o out/      out/song.csv and out/song.png

A row of the table is a frame: its time in seconds, then each channel of each component, by the
name of its part. The picture shows the same curves. They are what the model renders parts from.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "describe", "Show the components of a song.", EPILOG)
    command.add_argument("song", type=Path, metavar="SONG")
    add_output(command, "folder")
    add_model(command)
    add_json(command, "a JSON object that tells what was written")
    command.set_defaults(run=describe)


def describe(chosen: argparse.Namespace) -> None:
    from dirac.audio.songs import AudioFile
    from dirac.packaged import part_names
    from dirac.separation.curves import draw_curves, write_curves

    folder, separator = open_model(chosen)
    names = part_names(folder, separator.n_parts)
    components = separator.components_of(AudioFile(chosen.song))[0].cpu()
    frame_rate = separator.codec.frame_rate
    table = chosen.output / f"{chosen.song.stem}.csv"
    picture = table.with_suffix(".png")
    write_curves(table, components, names, frame_rate)
    draw_curves(picture, components, names, frame_rate)
    record = {
        "song": str(chosen.song),
        "model": str(folder),
        "table": str(table),
        "picture": str(picture),
        "frame_rate": frame_rate,
        "components": dict.fromkeys(names, components.shape[1]),
    }
    tell(chosen, [table, picture], record)

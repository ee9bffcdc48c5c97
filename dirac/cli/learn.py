"""`dirac learn`: a model that has heard these songs."""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dirac.cli.options import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_output,
    add_seed,
    complain,
    count,
    explained,
    tell,
)
from dirac.cli.songs import find_songs

if TYPE_CHECKING:
    from dirac.data.tracks import Track

EPILOG = """\
examples:
  dirac learn song.wav -o mine/                    some minutes
  dirac separate song.wav -o out/ --model mine/
  dirac learn album/ -o mine/ --steps 500          longer, for many songs
  dirac learn other.wav -o ours/ --model mine/     go on from there

The model goes on with the mixtures of these songs alone: it remixes the moments in which it hears
one part by itself, and what it takes out of the rest. It is no sure gain (README), so listen to
both. Where more than half of a song's power is in another part than before, a line on stderr says
so: parts of that song have changed places. The new model has no prior, which `vary` and `generate`
take (stages/train_prior.py trains one).

It can be stopped at any moment, and goes on with the same command. What it has of the songs until
then lies in a hidden folder beside the output, which is removed at the end. Songs that are shorter
than two crops of the model's training (3.4 s together for the one that ships), or that cannot be
read, cost a line on stderr, and the exit status is 1 at the end; the others are heard.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "learn", "Let a model hear songs, to take them apart.", EPILOG)
    command.add_argument(
        "songs", type=Path, nargs="+", metavar="SONG", help="audio files, or folders of them"
    )
    command.add_argument(
        "--steps",
        type=count,
        default=200,
        help="of the training; by default %(default)s, for a song or a few",
    )
    add_output(command, "folder of the new model; one that is there is replaced")
    add_model(command)
    add_seed(command, "of the remixes")
    add_json(command, "one JSON object: the folder, and of each song how much moved")
    command.set_defaults(run=learn)


def learn(chosen: argparse.Namespace) -> None:
    from dirac.assembly import choose_device, open_separator, params_for, weights_of
    from dirac.learning.hearing import hear
    from dirac.learning.lesson import lesson, shortest_seconds
    from dirac.model_files import card_of, load_model
    from dirac.packaged import find_model

    start, device = find_model(chosen.model), choose_device(chosen.device)
    separator = open_separator(start, chosen.params, "cpu")
    params = params_for(start, chosen.params)
    weights = None if params is None else weights_of(params)
    given = find_songs(chosen.songs, chosen.output)
    with card_of(start):
        seconds = shortest_seconds(load_model(start)[1])
    songs = _readable(given, seconds)
    settings = lesson(chosen.steps, chosen.seed)
    tracks = [*songs.values()]
    moved = hear(start, separator, tracks, chosen.output, settings, device, weights)
    _tell(chosen, {path: moved.get(track.name, 0.0) for path, track in songs.items()})
    if len(songs) < len(given):
        raise SystemExit(1)


def _readable(paths: Iterable[Path], seconds: float) -> "dict[Path, Track]":
    """Songs that are long enough and can be read to their end; each of the others costs a line on

    stderr. Raises SystemExit if there are none.
    """
    from dirac.audio.songs import AudioFile
    from dirac.data.songs import read_track

    tracks = {}
    for number, path in enumerate(paths):
        try:
            track = read_track(path, "train", number)
            if track.duration_seconds < seconds:
                raise ValueError(
                    f"{path} lasts {track.duration_seconds:.2f} s: the model hears songs of "
                    f"{seconds:.2f} s and more"
                )
            AudioFile(path).check()
        except explained() as error:
            complain(error)
        else:
            tracks[path] = track
    if not tracks:
        raise SystemExit(1)
    return tracks


def _tell(chosen: argparse.Namespace, shares: Mapping[Path, float]) -> None:
    from dirac.learning.lesson import LearningError
    from dirac.learning.moved import TURNED_OVER

    for path, share in shares.items():
        if share > TURNED_OVER:
            complain(
                LearningError(
                    f"{path}: {share:.0%} of its power is in another part than before: its parts "
                    "have changed places, listen to both models"
                )
            )
    songs = [{"song": str(path), "moved": share} for path, share in shares.items()]
    tell(chosen, [chosen.output], {"model": str(chosen.output), "songs": songs})

"""`dirac`: take songs apart, recombine them, make new ones."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".flac"
MODEL_HELP = "folder of a model; by default the one that ships with dirac"
PARAMS_HELP = "by default params.yaml of the model's folder if it has one, else ./params.yaml"


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script; arguments: the command line's, if None. Errors are one line, status 1."""
    from dirac.audio.files import AudioError
    from dirac.audio.weights import CodecError
    from dirac.params import ParamsError
    from dirac.training.checkpoint import CheckpointError

    chosen = make_parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except (AudioError, CodecError, ParamsError, CheckpointError, ValueError, OSError) as error:
        print(f"dirac: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dirac", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("separate", help="take songs apart")
    command.add_argument("songs", type=Path, nargs="+", metavar="SONG", help="wav, flac, mp3, ogg")
    command.add_argument("--raw", action="store_true", help="the parts as the model renders them")
    _add_common(
        command,
        "folder; a song's parts go into a folder of its name, as .flac, or as .wav of floats "
        "where .flac would clip",
    )
    command.set_defaults(run=separate)

    command = commands.add_parser("recompose", help="a new song of the components of others")
    command.add_argument("songs", type=Path, nargs="+", metavar="SONG")
    command.add_argument(
        "--take",
        nargs="+",
        required=True,
        metavar="SONG:COMPONENT",
        help="a:0 b:1 is component 0 of the first song with component 1 of the second",
    )
    _add_common(command, "file to write: .flac, .wav or .mp3")
    command.set_defaults(run=recompose)

    command = commands.add_parser("generate", help="songs from the prior alone")
    command.add_argument("--count", type=int, default=1)
    command.add_argument("--seconds", type=float, default=7.0)
    command.add_argument("--prior", type=Path, default=Path("models/prior"))
    _add_common(command, "folder", "folder of a model; by default models/decomposition")
    # The packaged model has no prior: it is the project's that goes with the project's.
    command.set_defaults(run=generate, model=Path("models/decomposition"))

    command = commands.add_parser("models", help="list the models that ship with dirac")
    command.set_defaults(run=models)

    command = commands.add_parser("pack", help="make a trained model portable, in a small folder")
    command.add_argument("model", type=Path, help="folder of a trained decomposition")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    command.add_argument("--params", type=Path, help=PARAMS_HELP)
    command.add_argument("--scores", type=Path, help="metrics.json of its evaluation")
    command.set_defaults(run=pack)

    command = commands.add_parser("settings", help="write ready-made settings into params.yaml")
    command.add_argument("name", nargs="?", help="which; without it, their names are listed")
    command.add_argument("--params", type=Path, default=Path("params.yaml"))
    command.set_defaults(run=settings)
    return parser


def _add_common(command: argparse.ArgumentParser, output: str, model: str = MODEL_HELP) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, help=output)
    command.add_argument("--model", type=Path, help=model)
    command.add_argument("--params", type=Path, help=PARAMS_HELP)
    command.add_argument("--seed", type=int, default=0, help="of the noise that sampling begins at")


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


def read_song(path: Path) -> "tuple[Tensor, int]":
    """(channels, time), Hz. Raises AudioError if the file cannot be read or has no sample."""
    import torch

    from dirac.audio.files import AudioError, read_audio

    samples, rate = read_audio(path)
    if samples.shape[1] == 0:
        raise AudioError(f"{path} has no sample in it")
    return torch.from_numpy(samples), rate


def parse_choice(text: str) -> tuple[int, int]:
    """ "b:1" -> (1, 1): the second song, its component 1."""
    song, _, component = text.partition(":")
    if len(song) != 1 or not "a" <= song <= "z" or not component.isdecimal():
        raise ValueError(f"--take {text}: write a letter for the song and a number, as in b:1")
    return ord(song) - ord("a"), int(component)


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


def models(chosen: argparse.Namespace) -> None:
    from dirac.packaged import describe, packaged_models

    for folder in packaged_models():
        print(describe(folder))


def pack(chosen: argparse.Namespace) -> None:
    from dirac.assembly import read_model_params
    from dirac.packing import pack as make

    params = read_model_params(chosen.model, chosen.params)
    make(chosen.model, chosen.output, params, chosen.scores)
    print(chosen.output)


def settings(chosen: argparse.Namespace) -> None:
    from dirac.settings import apply, names

    if chosen.name is None:
        print("\n".join(names()))
    else:
        for key, (old, new) in apply(chosen.name, chosen.params).items():
            print(f"{key}: {old} -> {new}")

"""`dirac`: take songs apart, recombine them, make new ones. Run it from the project's folder."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

SUFFIX = ".flac"


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
    _add_common(command, "folder; a song's parts go into a folder of its name")
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
    _add_common(command, "folder")
    command.set_defaults(run=generate)

    command = commands.add_parser("settings", help="write ready-made settings into params.yaml")
    command.add_argument("name", nargs="?", help="which; without it, their names are listed")
    command.add_argument("--params", type=Path, default=Path("params.yaml"))
    command.set_defaults(run=settings)
    return parser


def _add_common(command: argparse.ArgumentParser, output: str) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, help=output)
    command.add_argument("--model", type=Path, default=Path("models/decomposition"))
    command.add_argument("--params", type=Path, default=Path("params.yaml"))
    command.add_argument("--seed", type=int, default=0, help="of the noise that sampling begins at")


def separate(chosen: argparse.Namespace) -> None:
    """Writes part-1.flac, part-2.flac ... of every song; together they are the song."""
    import torch

    from dirac.assembly import load_separator
    from dirac.audio.files import read_audio, write_audio
    from dirac.params import load_params

    folders = [chosen.output / song.stem for song in chosen.songs]
    if len(set(folders)) < len(folders):
        raise ValueError("two songs have the same name: separate them into different folders")
    separator = load_separator(load_params(chosen.params), chosen.model)
    for song, folder in zip(chosen.songs, folders, strict=True):
        samples, rate = read_audio(song)
        waveform = torch.from_numpy(samples)
        if chosen.raw:
            parts = separator.decoded(waveform, rate, chosen.seed)
        else:
            parts = separator.refined(waveform, rate)
        for number, part in enumerate(parts, 1):
            path = folder / f"part-{number}{SUFFIX}"
            write_audio(path, part, rate)
            print(path)


def recompose(chosen: argparse.Namespace) -> None:
    import torch

    from dirac.assembly import load_separator
    from dirac.audio.files import read_audio, write_audio
    from dirac.params import load_params
    from dirac.separation.recompose import recompose as choose

    choices = [parse_choice(text) for text in chosen.take]
    separator = load_separator(load_params(chosen.params), chosen.model)
    songs = []
    for path in chosen.songs:
        samples, rate = read_audio(path)
        songs.append(separator.components(torch.from_numpy(samples), rate))
    song = separator.sing(choose(songs, choices), chosen.seed)
    write_audio(chosen.output, song, separator.codec.sample_rate)
    print(chosen.output)


def parse_choice(text: str) -> tuple[int, int]:
    """ "b:1" -> (1, 1): the second song, its component 1."""
    song, _, component = text.partition(":")
    if len(song) != 1 or not "a" <= song <= "z" or not component.isdecimal():
        raise ValueError(f"--take {text}: write a letter for the song and a number, as in b:1")
    return ord(song) - ord("a"), int(component)


def generate(chosen: argparse.Namespace) -> None:
    from dirac.assembly import load_separator
    from dirac.audio.files import write_audio
    from dirac.params import load_params
    from dirac.separation.generate import Generator

    if chosen.count < 1 or not 0.1 <= chosen.seconds <= 600:
        raise ValueError("--count must be 1 at least, --seconds from 0.1 to 600")
    params = load_params(chosen.params)
    separator = load_separator(params, chosen.model)
    generator = Generator.load(chosen.prior, separator, params.evaluate.n_sampling_steps)
    n_frames = round(chosen.seconds * separator.codec.frame_rate)
    for number in range(chosen.count):
        components = generator.generate(n_frames, chosen.seed + number)
        song = separator.sing(components, chosen.seed + number)
        path = chosen.output / f"song-{number + 1}{SUFFIX}"
        write_audio(path, song, separator.codec.sample_rate)
        print(path)


def settings(chosen: argparse.Namespace) -> None:
    from dirac.settings import apply, names

    if chosen.name is None:
        print("\n".join(names()))
    else:
        for key, (old, new) in apply(chosen.name, chosen.params).items():
            print(f"{key}: {old} -> {new}")

"""What several commands have in common: their options, and how results and errors are told."""

import argparse
import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from dirac.separation.generate import Generator
    from dirac.separation.separator import Separator

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands, name: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    """description: a line; epilog: examples, and what else there is to know."""
    return commands.add_parser(
        name,
        help=description[0].lower() + description[1:].removesuffix("."),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_output(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, metavar="PATH", help=text)


def add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model",
        type=Path,
        help="folder of a model, or the name of one that ships with dirac (`dirac models`); by "
        "default the first of these",
    )
    command.add_argument(
        "--params",
        type=Path,
        help="params.yaml to run the model with; by default its own if it is packed, else that of "
        "this folder",
    )
    command.add_argument(
        "--device", choices=["cpu", "cuda"], help="by default a GPU if there is one"
    )


def add_prior(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--prior",
        type=Path,
        help="folder of the model's prior; by default `prior` in the model's folder or beside it",
    )


def add_seed(command: argparse.ArgumentParser, of: str) -> None:
    command.add_argument("--seed", type=_seed, default=0, help=f"{of}; the same gives the same")


def add_json(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("--json", action="store_true", help=f"print {text}")


def open_model(chosen: argparse.Namespace) -> "tuple[Path, Separator]":
    """The model that the options of `add_model` choose, and its folder."""
    from dirac.assembly import open_separator
    from dirac.packaged import find_model

    folder = find_model(chosen.model)
    return folder, open_separator(folder, chosen.params, chosen.device)


def open_prior(chosen: argparse.Namespace, folder: Path, separator: "Separator") -> "Generator":
    """The prior of the model in `folder`. Raises CheckpointError as `Generator.load` and

    `load_prior`.
    """
    from dirac.packing import load_prior
    from dirac.separation.generate import Generator, find_prior

    prior = chosen.prior or find_prior(folder)
    load_prior(prior, folder)
    return Generator.load(prior, separator)


def tell(chosen: argparse.Namespace, paths: Iterable[Path], record: Mapping[str, Any]) -> None:
    """On stdout: the paths that were written, one a line; with --json a record of the result."""
    lines = [json.dumps(record, ensure_ascii=False)] if chosen.json else map(str, paths)
    for line in lines:
        print(line, flush=True)


def complain(error: Exception) -> None:
    """In one line on stderr, whatever the names in it are made of; of params, one more a key."""
    from dirac.params import ParamsError

    text = str(error)
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    lines = text.split("\n") if isinstance(error, ParamsError) else [text]
    print("dirac:", "\n".join(map(shown, lines)), file=sys.stderr, flush=True)


def shown(text: str) -> str:
    """On one line: what would end it, or steer a terminal, as Python writes it (\\n, \\x1b)."""
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in ("Cc", "Zl", "Zp")
        else character
        for character in text
    )


def explained() -> tuple[type[Exception], ...]:
    """The exceptions whose message is all that a person needs. torch comes with them."""
    from dirac.model_files import CheckpointError

    return CheckpointError, ValueError, OSError


def count(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 62:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to 2^62")
    return int(text)

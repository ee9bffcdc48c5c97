"""`dirac`: take songs apart, recombine them, make new ones."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence

from dirac.cli import data, generate, models, pack, recompose, separate, settings

COMMANDS = (separate, recompose, generate, models, pack, settings, data)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script; arguments: the command line's, if None. Errors are one line, status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")  # a file's name need not be text
    chosen = make_parser().parse_args(arguments)
    # Only now: torch comes with them, and help must not wait for it.
    from dirac.audio.files import AudioError
    from dirac.audio.weights import CodecError
    from dirac.model_files import CheckpointError
    from dirac.params import ParamsError

    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # as of `| head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
    except (AudioError, CodecError, ParamsError, CheckpointError, ValueError, OSError) as error:
        print(f"dirac: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def make_parser() -> argparse.ArgumentParser:
    """Every module of `COMMANDS` adds its own."""
    parser = argparse.ArgumentParser(prog="dirac", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser

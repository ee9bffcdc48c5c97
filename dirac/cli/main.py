"""`dirac`: take songs apart, recombine them, make new ones."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence

from dirac.cli import (
    data,
    describe,
    generate,
    inspect,
    learn,
    models,
    pack,
    recompose,
    separate,
    settings,
    vary,
)
from dirac.cli.options import complain, explained

COMMANDS = (
    separate,
    learn,
    recompose,
    vary,
    generate,
    describe,
    models,
    inspect,
    pack,
    settings,
    data,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script; arguments: the command line's, if None.

    Errors are one line and status 1; SIGTERM leaves in good order, so that nothing half-written
    stays.
    """
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")  # a file's name need not be text
    chosen = make_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    expected = explained()  # only now: help must not wait for torch
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    except BrokenPipeError:  # as of `| head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(128 + signal.SIGPIPE) from None
    except expected as error:
        complain(error)
        raise SystemExit(1) from None


def make_parser() -> argparse.ArgumentParser:
    """Every module of `COMMANDS` adds its own."""
    parser = argparse.ArgumentParser(prog="dirac", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def _open_streams() -> None:
    """Those that were closed (`>&-`), of which Python makes None, lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))

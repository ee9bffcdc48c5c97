"""`dirac settings`: ready-made settings for params.yaml."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_command

EPILOG = """\
examples:
  dirac settings             their names
  dirac settings paper       the scale of the paper; comments in params.yaml stay

Settings pile up: what an earlier one changed stays, unless this one changes it too. Back to the
params as they were committed: git checkout params.yaml
"""


def add_to(commands: Commands) -> None:
    command = add_command(
        commands, "settings", "Write ready-made settings into params.yaml.", EPILOG
    )
    command.add_argument("name", nargs="?", help="which; without it, their names are listed")
    command.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="the file; by default %(default)s"
    )
    command.set_defaults(run=settings)


def settings(chosen: argparse.Namespace) -> None:
    from dirac.settings import apply, names

    if chosen.name is None:
        print("\n".join(names()))
    else:
        for key, (old, new) in apply(chosen.name, chosen.params).items():
            print(f"{key}: {old} -> {new}")

"""`dirac settings`: ready-made settings for params.yaml."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands


def add_to(commands: Commands) -> None:
    command = commands.add_parser("settings", help="write ready-made settings into params.yaml")
    command.add_argument("name", nargs="?", help="which; without it, their names are listed")
    command.add_argument("--params", type=Path, default=Path("params.yaml"))
    command.set_defaults(run=settings)


def settings(chosen: argparse.Namespace) -> None:
    from dirac.settings import apply, names

    if chosen.name is None:
        print("\n".join(names()))
    else:
        for key, (old, new) in apply(chosen.name, chosen.params).items():
            print(f"{key}: {old} -> {new}")

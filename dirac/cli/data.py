"""`dirac data`: what a folder with a data set holds."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_command

EPILOG = """\
examples:
  dirac data check ~/slakh2100_flac_redux     what it holds, and what is wrong with it
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "data", "Look through a data set.", EPILOG)
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("check", help="what a folder holds, and what is wrong with it")
    action.add_argument("folder", type=Path, help="a data set, or data/raw of this project")
    action.add_argument("--name", help="which data set, as data.name; told by its layout if absent")
    action.set_defaults(run=check)


def check(chosen: argparse.Namespace) -> None:
    """Prints what there is; status 1 if anything cannot be used."""
    from dirac.data.check import check as look
    from dirac.data.check import describe

    found = look(chosen.folder, chosen.name)
    print("\n".join(describe(found)))
    if found.unusable:
        raise SystemExit(1)

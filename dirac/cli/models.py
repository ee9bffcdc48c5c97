"""`dirac models`: those that ship with dirac."""

import argparse

from dirac.cli.options import Commands


def add_to(commands: Commands) -> None:
    command = commands.add_parser("models", help="list the models that ship with dirac")
    command.set_defaults(run=models)


def models(chosen: argparse.Namespace) -> None:
    from dirac.packaged import describe, packaged_models

    for folder in packaged_models():
        print(describe(folder))

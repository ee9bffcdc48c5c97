"""`dirac models`: those that ship with dirac."""

import argparse

from dirac.cli.options import Commands, add_command

EPILOG = """\
examples:
  dirac models
  dirac separate song.wav -o out/ --model drums-bass
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "models", "List the models that ship with dirac.", EPILOG)
    command.set_defaults(run=models)


def models(chosen: argparse.Namespace) -> None:
    from dirac.packaged import describe, packaged_models

    for folder in packaged_models():
        print(describe(folder))

"""`dirac inspect`: what a model is, and how it came to be."""

import argparse
import json
from pathlib import Path

from dirac.cli.options import Commands, add_command, add_json

EPILOG = """\
examples:
  dirac inspect                                 the model that ships with dirac
  dirac inspect models/decomposition
  dirac inspect --json | jq .card.params        all that it was trained with
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "inspect", "Tell what a model is.", EPILOG)
    command.add_argument(
        "model", type=Path, nargs="?", help="folder, or the name of one that ships with dirac"
    )
    add_json(command, "its whole card, and its prior's")
    command.set_defaults(run=inspect)


def inspect(chosen: argparse.Namespace) -> None:
    from dirac.model_files import load_model
    from dirac.packaged import explain, find_model
    from dirac.separation.generate import PRIOR

    folder = find_model(chosen.model)
    card = load_model(folder)[1]
    prior = load_model(folder / PRIOR)[1] if (folder / PRIOR).is_dir() else None
    if chosen.json:
        print(json.dumps({"folder": str(folder), "card": card, "prior": prior}, ensure_ascii=False))
    else:
        for name, text in explain(card, prior).items():
            print(f"{name:8} {text}")

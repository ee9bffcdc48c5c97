"""`dirac inspect`: what a model is, and how it came to be."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    from dirac.model_files import card_of, load_model
    from dirac.packaged import explain, find_model

    folder = find_model(chosen.model)
    card = load_model(folder)[1]
    prior = _card_of_prior(folder, card)
    if chosen.json:
        print(json.dumps({"folder": str(folder), "card": card, "prior": prior}, ensure_ascii=False))
    else:
        with card_of(folder):
            sentences = explain(card, prior)
        for name, text in sentences.items():
            print(f"{name:8} {text}")


def _card_of_prior(model: Path, card: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of the prior in the model's folder or beside it, if that is of this model."""
    from dirac.model_files import CheckpointError, load_model
    from dirac.packing import knows
    from dirac.separation.generate import find_prior

    try:
        folder = find_prior(model)
    except CheckpointError:
        return None
    prior = load_model(folder)[1]
    return prior if knows(prior, card) else None

"""`dirac pack`: a trained model made portable."""

import argparse
from pathlib import Path

from dirac.cli.options import PARAMS_HELP, Commands


def add_to(commands: Commands) -> None:
    command = commands.add_parser("pack", help="make a trained model portable, in a small folder")
    command.add_argument("model", type=Path, help="folder of a trained decomposition")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    command.add_argument("--params", type=Path, help=PARAMS_HELP)
    command.add_argument("--scores", type=Path, help="metrics.json of its evaluation")
    command.set_defaults(run=pack)


def pack(chosen: argparse.Namespace) -> None:
    from dirac.assembly import read_model_params
    from dirac.packing import pack as make

    params = read_model_params(chosen.model, chosen.params)
    make(chosen.model, chosen.output, params, chosen.scores)
    print(chosen.output)

"""`dirac pack`: a trained model made portable."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands


def add_to(commands: Commands) -> None:
    command = commands.add_parser("pack", help="make a trained model portable, in a small folder")
    command.add_argument("model", type=Path, help="folder of a trained decomposition")
    command.add_argument("-o", "--output", type=Path, required=True, help="folder to make")
    command.add_argument("--params", type=Path, help="by default ./params.yaml")
    command.add_argument("--scores", type=Path, help="metrics.json of its evaluation")
    command.add_argument("--prior", type=Path, help="folder of its prior, which goes with it")
    command.set_defaults(run=pack)


def pack(chosen: argparse.Namespace) -> None:
    from dirac.model_files import load_model
    from dirac.packing import pack as make
    from dirac.params import load_params
    from dirac.separation.settings import SETTINGS_KEY

    packed = SETTINGS_KEY in load_model(chosen.model)[1]
    if packed and chosen.params is not None:
        raise ValueError("--params is for models that are not packed yet: this one has its own")
    params = None if packed else load_params(chosen.params or Path("params.yaml"))
    make(chosen.model, chosen.output, params, chosen.scores, chosen.prior)
    print(chosen.output)

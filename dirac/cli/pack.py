"""`dirac pack`: a trained model made portable."""

import argparse
from pathlib import Path

from dirac.cli.options import Commands, add_command

EPILOG = """\
examples:
  dirac pack models/decomposition -o mine/ --prior models/prior --scores reports/metrics.json
  dirac separate song.wav -o out/ --model mine/

The folder holds weights in half precision and a card: how the model was made and how it is run, on
what data, with what scores, by which versions. It can be copied anywhere, and read by
`Separator.load` of dirac.separation.separator.
"""


def add_to(commands: Commands) -> None:
    command = add_command(
        commands, "pack", "Make a trained model portable, in one small folder.", EPILOG
    )
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

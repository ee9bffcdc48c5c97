"""`python -m dirac.launch stages/train_prior.py ...`: a training in as many processes as asked.

train.n_processes says how many, NPROC in the environment comes first; "auto" is one for each GPU of
this machine, or one without any. On several machines torchrun is called itself: docs/scale.md.
"""

import os
import runpy
import sys
from collections.abc import Sequence

from dirac.command import behave_as_command
from dirac.params import ParamsError, load_params


def command(stage: Sequence[str], n_processes: int) -> list[str]:
    """The command line that runs a stage with its arguments in several processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*torchrun, f"--nproc-per-node={n_processes}", *stage]


def count_processes(said: str) -> int:
    """A number, or "auto". Raises ParamsError for anything else."""
    if said == "auto":
        import torch

        return max(1, torch.cuda.device_count())
    if not said.isdecimal() or int(said) < 1:
        raise ParamsError(f"NPROC, or train.n_processes, is a number or auto, not {said!r}")
    return int(said)


def main() -> None:
    stage = sys.argv[1:]
    if not stage:
        raise SystemExit("usage: python -m dirac.launch stages/STAGE.py [ARGUMENT ...]")
    said = os.environ.get("NPROC") or str(load_params().train.n_processes)
    n_processes = count_processes(said)
    if n_processes == 1:  # it needs no torchrun, and torch may be here already
        sys.argv = stage
        runpy.run_path(stage[0], run_name="__main__")
    else:
        words = command(stage, n_processes)
        os.execv(words[0], words)


if __name__ == "__main__":
    behave_as_command()
    main()

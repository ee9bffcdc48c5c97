"""`python -m dirac.launch stages/train_prior.py ...`: a training in as many processes as asked.

train.n_processes says how many, NPROC in the environment comes first; "auto" is one for each GPU of
this machine, or one without any. On several machines torchrun is called itself: docs/scale.md.
"""

import os
import sys
from collections.abc import Sequence

from dirac.command import behave_as_command
from dirac.params import ParamsError, load_params


def command(stage: Sequence[str], n_processes: int) -> list[str]:
    """The command line that runs a stage with its arguments; one process needs no torchrun."""
    if n_processes == 1:
        return [sys.executable, *stage]
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
    said = os.environ.get("NPROC") or str(load_params().train.n_processes)
    words = command(sys.argv[1:], count_processes(said))
    os.execv(words[0], words)


if __name__ == "__main__":
    behave_as_command()
    main()

"""How a stage ends when something is wrong: with one sentence, not with a traceback."""

import sys
from types import TracebackType


def explain_errors() -> None:
    """From now on errors of ours, and of the disk, are printed as their sentence alone.

    Every other uncaught exception is a fault in the program and keeps its traceback.
    """
    sys.excepthook = _explain


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if kind.__module__.startswith("dirac.") or isinstance(error, OSError):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)

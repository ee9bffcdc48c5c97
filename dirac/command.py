"""How a stage behaves as a command: it ends in good order and says in a sentence what is wrong."""

import signal
import sys
from types import FrameType, TracebackType


def behave_as_command() -> None:
    """SIGTERM raises SystemExit; errors of ours and of the disk are printed as their sentence.

    Every other uncaught exception is a fault in the program and keeps its traceback.
    """
    signal.signal(signal.SIGTERM, _leave)
    sys.excepthook = _explain


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if kind.__module__.startswith("dirac.") or isinstance(error, OSError):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)

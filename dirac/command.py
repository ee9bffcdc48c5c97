"""How a stage behaves as a command: it ends in good order and says in a sentence what is wrong."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from types import FrameType, TracebackType

# What torch says, as a RuntimeError, when a loading process can hand nothing over.
NO_SHARED_MEMORY = ("insufficient shared memory", "unable to resize file </torch_")


def behave_as_command() -> None:
    """SIGTERM raises SystemExit; errors of ours, of the disk and of shared memory are printed as

    their sentence.

    Every other uncaught exception is a fault in the program and keeps its traceback.
    """
    signal.signal(signal.SIGTERM, _leave)
    sys.excepthook = _explain


def ignore_signals(worker: int) -> None:
    """Of a process that loads data, by its number: it ends with the one that it works for.

    A signal to the whole group must not kill it before that one has saved its state.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def end_with_parent() -> None:
    """Of a process that works for another: where that is killed, it would wait for it forever."""
    if (parent := parent_process()) is not None:
        end_after(parent.join)


def end_after(wait: Callable[[], object]) -> None:
    """Ends this process, whatever it does then, when a call comes back, in a thread of its own."""

    def end() -> None:
        wait()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if kind.__module__.startswith("dirac.") or isinstance(error, OSError):
        print(f"error: {error}", file=sys.stderr)
    elif any(said in str(error) for said in NO_SHARED_MEMORY):
        print(
            "error: the shared memory, /dev/shm, has no room for what is read ahead: make it "
            "larger (in a container by --shm-size); a training with n_workers 0 needs none "
            f"({str(error).splitlines()[-1]})",
            file=sys.stderr,
        )
    else:
        sys.__excepthook__(kind, error, trace)

"""Small disks of their own for tests: a tmpfs in a namespace of its own, which asks for no rights.

It is mounted for one process alone and for those that enter its namespaces. Everybody else sees its
files by way of /proc.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Disk:
    """process: that holds it; path: its root, for everybody."""

    process: "subprocess.Popen[str]"
    folder: Path

    @property
    def path(self) -> Path:
        return Path(f"/proc/{self.process.pid}/root{self.folder}")

    @property
    def n_used_bytes(self) -> int:
        state = os.statvfs(self.path)
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def resize(self, n_bytes: int) -> None:
        """Raises OSError if it cannot be mounted so."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{n_bytes}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "mounted\n":
            raise PermissionError("a tmpfs cannot be mounted in a namespace of its own here")


@contextmanager
def disk(folder: Path, n_bytes: int) -> Iterator[Disk]:
    """A disk of this size in an empty folder. Raises OSError where that is not allowed."""
    mount = 'mount -t tmpfs -o "$how"size="$size" tmpfs "$0" && echo mounted && how=remount,'
    command = ["unshare", "-Urm", "sh", "-c", f"while read size; do {mount}; done", str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL, **pipes) as process:
        made = Disk(process, folder)
        try:
            made.resize(n_bytes)
            yield made
        finally:
            process.kill()


def enter(process: int) -> None:
    """Moves this process, which must have no other threads, to where the disk is mounted."""
    system = ctypes.CDLL(None, use_errno=True)
    for name in ("user", "mnt"):
        with Path(f"/proc/{process}/ns/{name}").open() as space:
            if system.setns(space.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "a namespace cannot be entered")

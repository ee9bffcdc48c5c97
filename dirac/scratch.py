"""Work folders of stages that can be killed: found again by what determines their result."""

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import overload

from filelock import FileLock, Timeout


def fingerprint(params: Mapping[str, object], files: Iterable[Path]) -> str:
    """Hex digest of parameters (anything JSON takes), the contents of files, and our own code.

    Two runs with equal fingerprints have the same result, so that one may go on where the other
    was killed. Raises FileNotFoundError, naming the file, if one is missing.
    """
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode())
    package = Path(__file__).parent
    code = [*package.rglob("*.py"), *package.with_name("stages").glob("*.py")]
    for file in (*files, *sorted(code)):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def project_root() -> Path:
    """The project's folder, also from the copy in which DVC runs a queued experiment."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


@overload
def from_root(named: Path) -> Path: ...
@overload
def from_root(named: None) -> None: ...
def from_root(named: Path | None) -> Path | None:
    """Where a path in the params leads: relative ones begin at the project, ~ is a home folder."""
    return named and project_root() / named.expanduser()


class StartError(ValueError):
    """A model to go on from that will not be there; the message says what to do."""


def check_start(key: str, start: Path | None, output: Path) -> None:
    """Raises StartError if a stage is to go on from the folder that it writes: DVC empties that

    before the stage begins. key: the param that names `start`.
    """
    if start is not None and start.resolve() == output.resolve():
        raise StartError(
            f"{key}: {start} is what this stage writes, and DVC empties it before: bring it back "
            f"by `dvc checkout {output}`, copy it to a folder outside models/ and name the copy"
        )


@contextmanager
def work_folder(stage: str, fingerprint: str, scratch: Path | None = None) -> Iterator[Path]:
    """Folder of an unfinished run of a stage, for this run alone until the `with` block ends.

    scratch: where such folders are; None: in the project's.
    A run of the same stage and fingerprint elsewhere (two queued experiments) is waited for. The
    folder survives a kill and any error, for the same command to go on there; when the block
    ends without one it is removed. Of torchrun's processes the first waits and removes; the others
    must wait for it.
    """
    folder = (scratch or project_root() / ".scratch") / f"{stage}-{fingerprint[:16]}"
    if os.environ.get("RANK", "0") != "0":
        yield folder
        return
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        print(f"the same run of {stage} is at work in {folder}: waiting for it", file=sys.stderr)
        _wait_for(lock)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        shutil.rmtree(folder)
    finally:
        Path(lock.lock_file).unlink(
            missing_ok=True
        )  # while it is held: who waits for it sees that it is gone
        lock.release()


@contextmanager
def beside(output: Path, command: str, fingerprint: str) -> Iterator[Path]:
    """A `work_folder` of what a command has of its output until that is finished, hidden beside it.

    When the block ends, what killed calls of other songs or settings left there goes too, but for
    that of those at work.
    """
    scratch = output.with_name(f".{output.name}.unfinished")
    made = [scratch, *(folder for folder in scratch.parents if not folder.exists())]
    try:
        with work_folder(command, fingerprint, scratch) as folder:
            yield folder
        for left in [path for path in scratch.glob(f"{command}-*") if path.is_dir()]:
            with suppress(Timeout), FileLock(f"{left}.lock", timeout=0) as lock:
                shutil.rmtree(left)
                Path(lock.lock_file).unlink()
    finally:
        with suppress(OSError):  # something is kept in it
            for folder in made:
                folder.rmdir()


def _wait_for(lock: FileLock) -> None:
    while True:
        try:
            lock.acquire(timeout=-1)
            return
        except FileNotFoundError:  # who held it has removed the folder that it lay in
            Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)


def publish(finished: Path, target: Path) -> None:
    """Move a finished file or folder to its place, where it is in full or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        _replace(finished, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        if finished.is_dir():
            shutil.copytree(finished, beside, dirs_exist_ok=True)
            shutil.rmtree(finished)
        else:
            shutil.copy2(finished, beside)
            finished.unlink()
        _replace(beside, target)


def _replace(finished: Path, target: Path) -> None:
    if not target.is_dir() or target.is_symlink():
        finished.replace(target)
        return
    # A folder cannot be replaced, and one that is half removed must not be taken for whole.
    old = finished.with_name(f"{finished.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    target.replace(old)
    finished.replace(target)
    shutil.rmtree(old)

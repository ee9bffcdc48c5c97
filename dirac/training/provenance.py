"""What it takes to make a run again: revision, changes since, command, versions of the data."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dirac.scratch import project_root

CODE = ("dirac", "stages", "dvc.yaml", "pyproject.toml", "constraints.txt")
yaml = YAML(typ="safe")


def flatten(params: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """{"model": {"n_latents": 2}} -> {"model.n_latents": "2"}, values as `-S` takes them."""
    flat: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _written(value)
    return flat


def revision() -> str | None:
    """The git revision that the run started from; None without git.

    Of an experiment it is DVC's baseline: what DVC commits for an experiment is in no branch.
    """
    at = os.environ.get("DVC_EXP_BASELINE_REV") or _git("rev-parse", "HEAD")
    return at and at.strip()


def is_dirty() -> bool:
    """Whether the code is another than the revision's, new files included."""
    return bool(_git("status", "--porcelain", "--", *CODE))


def changes() -> str:
    """The difference of the code from the revision, without new files, as `git apply` takes it."""
    return _git("diff", "--binary", "--no-color", "--no-ext-diff", "HEAD", "--", *CODE) or ""


def command(params: Mapping[str, object]) -> str:
    """What makes a run of these params (all of params.yaml, nested) in a clone of the project."""
    base = revision()
    text = base and _git("show", f"{base}:params.yaml", folder=project_root())
    if not base or not text:
        return "dvc repro"
    before = flatten(yaml.load(text))
    changed = [f"{k}={v}" for k, v in flatten(params).items() if before.get(k) != v]
    run = " -S ".join(["dvc exp run", *map(shlex.quote, changed)]) if changed else "dvc repro"
    return f"git checkout {base[:12]} && {run}"


def versions(stage: str, folder: Path = Path()) -> dict[str, str]:
    """DVC's hash of every output that a stage of dvc.yaml takes, {"dvc.data/latents": md5}.

    As dvc.lock has them once the stages before have run; empty where there is no such file.
    """
    try:
        described = yaml.load(folder / "dvc.yaml")["stages"][stage]["deps"]
        locked = yaml.load(folder / "dvc.lock")["stages"].values()
    except (FileNotFoundError, KeyError):
        return {}
    outs = {out["path"]: out["md5"] for entry in locked for out in entry.get("outs", ())}
    return {
        f"dvc.{path}": md5
        for path, md5 in outs.items()
        if any(dep == path or dep.startswith(f"{path}/") for dep in described)
    }


def _written(value: Any) -> str:
    """A leaf of params.yaml as YAML writes it in one line: null, true, [1, 2]."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))  # params.yaml may have it either way
        case list() | tuple():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            return str(value)


def _git(*arguments: str, folder: Path | None = None) -> str | None:
    """What git says, to the last newline; None if it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None

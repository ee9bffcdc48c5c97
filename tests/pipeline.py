"""A clone of this project in which tests run the whole graph in miniature."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org")


def clone(project: Path) -> Path:
    """A copy of this working tree with the settings `tiny`, and no commit but one."""
    for name in listed():
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name)
    (project / "dvc.lock").unlink(missing_ok=True)
    run(project, "dirac", "settings", "tiny")
    run(project, "git", "init", "--quiet")
    run(project, "git", "add", "--all")
    run(project, "git", *IDENTITY, "commit", "--quiet", "--message", "tiny")
    return project


def listed() -> list[str]:
    """The project's own files, in a clone or in a source archive."""
    if (ROOT / ".git").exists():
        command = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
        return run(ROOT, *command).splitlines()
    kept = (".ci", ".dvc/config", ".dvc/.gitignore", "dirac", "stages", "scripts", "tests", "docs")
    files = [*ROOT.glob("*"), *ROOT.glob(".*ignore"), *ROOT.glob("*/.gitignore")]
    for name in kept:
        files += [ROOT / name, *(ROOT / name).rglob("*")]
    return [path.relative_to(ROOT).as_posix() for path in files if path.name != "dvc.lock"]


def run(folder: Path, *command: str) -> str:
    """Standard output of a command of this environment; fails with all that it printed."""
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def environment(folder: Path) -> dict[str, str]:
    """This one, with our programs first, the code of `folder`, and no trace of an outer DVC."""
    kept = {name: x for name, x in os.environ.items() if not name.startswith("DVC_")}
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept["PYTHONPATH"] = str(folder)
    return kept


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)

"""Makes whole again what a kill cut of DVC's own files, so that `dvc repro` goes on.

    python scripts/whole_locks.py

In the project's root, while no DVC runs. Of dvc.lock the stages before the cut are kept; what DVC
did after them it finds in its cache. The list of the paths in use, .dvc/tmp/rwlock, is deleted.
"""

import json
import re
from pathlib import Path

from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import YAMLFileCorruptedError, parse_yaml
from voluptuous import Invalid

LOCK, IN_USE = Path("dvc.lock"), Path(".dvc/tmp/rwlock")
STAGE = re.compile(r"^  \w+:$", re.MULTILINE)


def main() -> None:
    if LOCK.exists() and not is_lock(text := LOCK.read_text()):
        kept = before_last_stage(text)
        if not kept or is_lock(kept):  # else it is no cut, and DVC says what is wrong
            print(f"{LOCK} was cut, by a kill most likely: its first {n_stages(kept)} stages stay")
            replace(LOCK, kept)
    if IN_USE.exists() and not is_json(IN_USE.read_text()):
        print(f"{IN_USE} was cut, by a kill most likely: deleted")
        IN_USE.unlink()


def before_last_stage(text: str) -> str:
    """Of a dvc.lock what stands before its last stage; "" if no other does."""
    begins = [stage.start() for stage in STAGE.finditer(text)]
    return text[: begins[-1]] if len(begins) > 1 else ""


def n_stages(text: str) -> int:
    return len(STAGE.findall(text))


def is_lock(text: str) -> bool:
    try:
        COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, LOCK))
    except (YAMLFileCorruptedError, Invalid):
        return False
    return True


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def replace(path: Path, text: str) -> None:
    """With a file of this text, or with none if it is empty."""
    if not text:
        path.unlink()
        return
    beside = path.with_name(f".{path.name}.partial")
    beside.write_text(text)
    beside.replace(path)


if __name__ == "__main__":
    main()

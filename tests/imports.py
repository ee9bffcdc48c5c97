"""What the source files say of themselves, read from their syntax alone: imports and params.

`python tests/imports.py` prints, for every stage, the files that its deps in dvc.yaml must name.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
# No result depends on these: they check params, explain errors, hold unfinished work, tell MLflow.
NEUTRAL = {
    "dirac/command.py",
    "dirac/data_section.py",
    "dirac/evaluate_section.py",
    "dirac/params.py",
    "dirac/remedies.py",
    "dirac/scratch.py",
    "dirac/section.py",
    "dirac/sections.py",
    "dirac/training/provenance.py",
    "dirac/training/tracking.py",
    "dirac/training/tracking_store.py",
}


def sources(folder: str) -> list[Path]:
    """All Python files under a folder of the project, those of tools left out."""
    found = sorted((PROJECT / folder).rglob("*.py"))
    return [path for path in found if "__pycache__" not in path.parts]


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_names(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports, wherever in it; `from a import b` gives a.b."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: relative import"
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def imported_files(path: Path) -> set[Path]:
    """The files of the project that a file imports itself."""
    files = set()
    for name in imported_names(path):
        module = PROJECT.joinpath(*name.split("."))
        for candidate in (module.with_suffix(".py"), module.parent.with_suffix(".py")):
            if candidate.exists():
                files.add(candidate)
                break
        else:
            assert not name.startswith(("dirac.", "stages.")), f"{path} imports {name}: what is it?"
    return files


def data_files(path: Path) -> set[Path]:
    """The files that are no modules beside one that names any of them: templates come together;

    and the folders that it names and that are no packages, as of weights.
    """
    strings = {n.value for n in ast.walk(syntax(path)) if isinstance(n, ast.Constant)}
    beside = [other for other in path.parent.iterdir() if other.suffix != ".py"]
    files = {file for file in beside if file.is_file()}
    folders = {f for f in beside if f.name in strings and f.is_dir() and not list(f.glob("*.py"))}
    return folders | (files if any(file.name in strings for file in files) else set())


def files_of_stage(stage: str) -> list[str]:
    """All that a stage runs, relative to the project: itself, its imports, theirs, and so on."""
    found = closure(PROJECT / "stages" / f"{stage}.py")
    return sorted({path.relative_to(PROJECT).as_posix() for path in found} - NEUTRAL)


def closure(file: Path) -> set[Path]:
    """A file, what it imports and names of the project, what these do, and so on."""
    waiting = [file]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path.suffix == ".py":
                waiting += [*imported_files(path), *data_files(path)]
    return found


def params_of_stage(stage: str, sections: dict[str, object]) -> set[str]:
    """Dotted keys of params.yaml that a stage reads, as far as the syntax of its files tells.

    Followed are chains like `params.data.name`, also from `load_params()` and from names to which
    a part of the params is given, and the keys in `model_dump(include={...})`. A dump of all params
    is taken for a record of the run.
    """
    files = [PROJECT / name for name in files_of_stage(stage) if name.endswith(".py")]
    readers = [file for file in files if PROJECT / "dirac" / "params.py" in imported_files(file)]
    return set().union(*(_params_of_file(file, sections) for file in readers))


def _params_of_file(path: Path, sections: dict[str, object]) -> set[str]:
    tree = syntax(path)
    known = {"params": ""}
    given = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for name, value in _pairs(node):
                key = _key(value, known, sections)
                if key:
                    known[name] = key
                    given.add(value)
    keys = set()
    inner = {n.value for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keys |= _dumped(node, known, sections)
        elif isinstance(node, ast.Attribute) and node not in given and node not in inner:
            keys |= {_key(node, known, sections)} - {None}
    return {key for key in keys if key}


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=True))
    else:
        pairs = [(target, value)]
    yield from ((t.id, v) for t, v in pairs if isinstance(t, ast.Name))


def _key(node: ast.expr, known: dict[str, str], sections: dict[str, object]) -> str | None:
    """The dotted key that an expression stands for; "" for all params, None for anything else."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Call):
        return "" if isinstance(node.func, ast.Name) and node.func.id == "load_params" else None
    if not isinstance(node, ast.Attribute):
        return None
    section = _key(node.value, known, sections)
    if section is None:
        return None
    values: object = sections
    for part in section.split(".") if section else ():
        values = values[part] if isinstance(values, dict) else None
    if not isinstance(values, dict) or node.attr not in values:
        return None
    return f"{section}.{node.attr}".strip(".")


def _dumped(call: ast.Call, known: dict[str, str], sections: dict[str, object]) -> set[str]:
    assert isinstance(call.func, ast.Attribute)
    section = _key(call.func.value, known, sections)
    if section is None or call.func.attr != "model_dump":
        return set()
    include = next((k.value for k in call.keywords if k.arg == "include"), None)
    if isinstance(include, ast.Set):
        names = [item.value for item in include.elts if isinstance(item, ast.Constant)]
        return {f"{section}.{name}".strip(".") for name in names}
    return {section} if include is None else set()


if __name__ == "__main__":
    for file in sources("stages"):
        if file.parent.name == "stages":
            print(f"  {file.stem}:")
            print("\n".join(f"      - {name}" for name in files_of_stage(file.stem)))

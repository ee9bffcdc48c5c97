"""The plan of the house: who imports whom, what the stages depend on, how large files are."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from .imports import (
    NEUTRAL,
    PROJECT,
    closure,
    files_of_stage,
    imported_files,
    imported_names,
    params_of_stage,
    sources,
)

FLOORS = [
    {"section", "scratch", "command", "kept", "devices", "remedies"},
    {"data_section", "evaluate_section", "model_files"},
    {"sections"},
    {"params", "audio", "networks", "diffusion", "metrics"},
    {"models", "data", "training", "reporting", "settings"},
    {"separation"},
    {"evaluation"},
    {"assembly", "scored"},
    {"packaged", "packing", "launch"},
    {"learning"},
    {"cli"},
    {"__main__"},
]
FLOOR = {unit: number for number, floor in enumerate(FLOORS) for unit in floor}
# They hand the numbers to the rest, which takes plain values.
READERS_OF_PARAMS = {"settings", "assembly", "packing", "cli", "launch"}
MAX_LINES = 250

yaml = YAML(typ="safe")
PIPELINE: dict[str, Any] = yaml.load(PROJECT / "dvc.yaml")["stages"]
PARAMS: dict[str, Any] = yaml.load(PROJECT / "params.yaml")
STAGES = [path.stem for path in sources("stages") if path.parent.name == "stages"]


def unit(path: Path) -> str:
    """The package of dirac that a file belongs to, or the module right under dirac."""
    return path.relative_to(PROJECT / "dirac").parts[0].removesuffix(".py")


@pytest.mark.parametrize("importer", sources("dirac"), ids=lambda path: str(path.name))
def test_imports_point_downward(importer: Path) -> None:
    if importer == PROJECT / "dirac" / "__init__.py":
        return
    for imported in imported_files(importer):
        assert PROJECT / "dirac" in imported.parents, f"{importer} imports {imported}"
        above, below = unit(importer), unit(imported)
        assert above == below or FLOOR[above] > FLOOR[below], f"{importer} imports {imported}"
        assert below != "params" or above in READERS_OF_PARAMS, f"{importer} reads params"


def test_stages_import_dirac_and_never_each_other() -> None:
    for stage in sources("stages"):
        for imported in imported_files(stage):
            assert PROJECT / "dirac" in imported.parents, f"{stage} imports {imported}"


def test_processes_that_compose_do_not_wait_for_torch() -> None:
    for path in closure(PROJECT / "dirac" / "data" / "synthetic.py"):
        if path.suffix == ".py":
            assert "torch" not in {name.split(".")[0] for name in imported_names(path)}, path


def test_every_init_is_empty() -> None:
    for path in sources("dirac"):
        if path.name == "__init__.py":
            assert path.read_bytes() == b"", path
        else:
            assert (path.parent / "__init__.py").exists(), path


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(PROJECT)): n
        for folder in ("dirac", "stages", "tests")
        for path in sources(folder)
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_what_is_imported_is_a_direct_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["clap"]]
    direct = {normalised(re.split(r"[<>=\[ ]", line)[0]) for line in lines}
    providers = packages_distributions()
    for path in [*sources("dirac"), *sources("stages")]:
        for package in {name.split(".")[0] for name in imported_names(path)}:
            if package not in sys.stdlib_module_names and package != "dirac":
                provided_by = {normalised(name) for name in providers[package]}
                assert direct & provided_by, f"{path} imports {package}"


def normalised(distribution: str) -> str:
    return re.sub("[-_.]+", "-", distribution).lower()


def test_the_pipeline_has_the_stages_that_there_are() -> None:
    assert set(PIPELINE) == set(STAGES)
    for stage, description in PIPELINE.items():
        assert f"stages/{stage}.py" in description["cmd"].split()


@pytest.mark.parametrize("stage", STAGES)
def test_deps_name_the_code_of_the_stage(stage: str) -> None:
    """`python tests/imports.py` prints the right lists."""
    code = {dep for dep in PIPELINE[stage]["deps"] if dep.startswith(("dirac/", "stages/"))}
    assert code == set(files_of_stage(stage))


@pytest.mark.parametrize("stage", STAGES)
def test_params_name_what_the_stage_reads(stage: str) -> None:
    listed = PIPELINE[stage].get("params", [])
    read = params_of_stage(stage, PARAMS)
    assert read, f"nothing is known of what {stage} reads"
    missing = {key for key in read if not any(f"{key}.".startswith(f"{up}.") for up in listed)}
    assert missing == set()


@pytest.mark.parametrize("stage", STAGES)
def test_every_listed_param_is_in_params_yaml(stage: str) -> None:
    for key in PIPELINE[stage].get("params", []):
        values = PARAMS
        for part in key.split("."):
            assert part in values, key
            values = values[part]


def test_a_stages_code_is_found_through_all_its_imports() -> None:
    files = files_of_stage("cache_latents")
    assert {"stages/cache_latents.py", "dirac/data/caching.py", "dirac/data/store.py"} <= set(files)
    assert "dirac/audio/encodec.py" in files  # imported where it is used
    assert not NEUTRAL & set(files)
    assert not any("networks" in file for file in files)
    assert {"dirac/reporting/page.py", "dirac/reporting/style.html"} <= set(
        files_of_stage("render_report")
    )
    assert {"data.name", "data.root", "data.synthetic.seed"} <= params_of_stage("download", PARAMS)

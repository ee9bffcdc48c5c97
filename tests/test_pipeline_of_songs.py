"""A musician's own folder of songs, without a stem, through the whole graph in miniature."""

import json
import shutil
from pathlib import Path

import pytest

from .pipeline import clone, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_folder_of_songs_goes_through_without_stems(tmp_path: Path) -> None:
    """The mixes of the built-in songs, as a musician's own."""
    project = clone(tmp_path / "dirac")
    run(project, "dvc", "repro", "download")
    (project / "songs").mkdir()
    for mix in (project / "data" / "raw").glob("*/*/mix.flac"):
        shutil.copy(mix, project / "songs" / f"{mix.parent.name}.flac")
    changes = ("data.name=folder", "data.root=songs", "data.sources=[mixture]")
    run(project, "dvc", "exp", "run", *(part for change in changes for part in ("-S", change)))
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert metrics["separation"] == {}
    assert metrics["reconstruction"]["multiscale_stft"] > 0
    page = (project / "reports/index.html").read_text()
    assert "Without stems there is only reconstruction" in page

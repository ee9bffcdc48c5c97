"""A folder of songs through the stages: no stems, so only reconstruction, as files and page say."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from dirac.data.store import LatentStore
from dirac.reporting.clips import AudioLibrary, read_sections

from .conftest import run_stage

RECONSTRUCTION = {"latent_mse", "multiscale_stft", "codec_multiscale_stft"}
REPORT = (
    *("--scores-table", "reports/table.csv", "--metrics", "reports/metrics.json"),
    *("--listening", "reports/listening", "--captured", "reports/captured.json"),
    *("--decomposition", "models/decomposition", "--prior", "models/prior"),
    *("--output", "reports/index.html"),
)


@pytest.fixture
def songs(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Songs of all kinds, downloaded (pointed at) and cached, in place of the project's tracks."""
    random = np.random.default_rng(0)
    kinds = (
        ("a.wav", 44100, 2),
        ("b/c.flac", 16000, 1),
        ("b/d.ogg", 24000, 2),
        ("e.mp3", 22050, 1),
    )
    for name, rate, n_channels in kinds:
        (project / "songs" / name).parent.mkdir(parents=True, exist_ok=True)
        samples = random.uniform(-0.3, 0.3, (round(2.1 * rate), n_channels))
        soundfile.write(project / "songs" / name, samples, rate)
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    params["data"].update(name="folder", root="songs", sources=["mixture"])
    yaml.dump(params, project / "params.yaml")
    run_stage(monkeypatch, "download", "--output", "data/raw")
    run_stage(monkeypatch, "cache_latents", "--data", "data/raw", "--output", "data/latents")
    return project


def test_only_reconstruction_is_scored_and_the_page_says_so(
    songs: Path, evaluate: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LatentStore(songs / "data" / "latents" / "test.lmdb")
    assert store.meta.sources == ("mixture",)  # which is kept once
    np.testing.assert_array_equal(store.source(1, "mixture", 3, 9), store.mixture(1, 3, 9))

    reports = evaluate()
    metrics = json.loads((reports / "metrics.json").read_text())
    assert metrics["separation"] == metrics["separation_best"] == {}
    assert set(metrics["reconstruction"]) == RECONSTRUCTION
    assert metrics["generation"]
    assert metrics["counts"] == {"n_excerpts": 2, "n_scored_excerpts": 0}
    rows = list(csv.DictReader((reports / "table.csv").read_text().splitlines()))
    assert len(rows) == 2
    for name in RECONSTRUCTION:
        mean = np.mean([float(row[name]) for row in rows])
        np.testing.assert_allclose(metrics["reconstruction"][name], mean, atol=2e-5)
    assert len(list((reports / "scores").rglob("*.json"))) == 2
    plots = {path.name for path in (reports / "plots").iterdir()}
    assert plots == {"reconstruction.csv", "spectrograms.png"}

    sections = read_sections(reports / "listening", ["part 1", "part 2"], 64, AudioLibrary())
    assert [len(section.rows) for section in sections][:3] == [2, 0, 1]
    labels = [[clip.label for clip in column] for column in sections[0].rows[0].columns]
    assert labels == [
        ["mixture", "reconstruction"],
        ["part 1, refined", "part 1, decoded"],
        ["part 2, refined", "part 2, decoded"],
    ]

    run_stage(monkeypatch, "render_report", *REPORT)
    page = (reports / "index.html").read_text()
    text = " ".join(re.sub(r"(?s)<script.*?</script>|<style.*?</style>|<[^>]+>", " ", page).split())
    assert "no stems of two sources or more, so this run cannot say how well" in text
    assert f"distance of {metrics['reconstruction']['multiscale_stft']:.2f}, where" in text
    assert "Without stems there is only reconstruction" in text
    assert "SI-SDR" not in text
    assert "scored, in which" not in text

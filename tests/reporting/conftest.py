"""A small run on disk, as the stages before the report leave it: tones and plausible scores."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dirac.reporting.inputs import ReportFiles

RATE = 16000
SOURCES = ("drums", "bass")
LEVELS = {"refined": 8, "decoded": 3, "mixture": 0, "hpss": 4, "nmf": 2, "codec": 7, "oracle": 12}
MEASURES = ("si_sdr", "si_sdri", "sdr", "sir", "isr", "sar")


def play_drums(seconds: float, random: np.random.Generator) -> np.ndarray:
    """Decaying noise at irregular beats."""
    drums = np.zeros(round(seconds * RATE), dtype=np.float32)
    for start in range(0, len(drums) - RATE // 8, int(RATE * random.uniform(0.2, 0.3))):
        stroke = random.normal(size=RATE // 8) * np.exp(-np.arange(RATE // 8) / RATE * 40)
        drums[start : start + RATE // 8] += (0.2 * stroke).astype(np.float32)
    return drums


def play_bass(seconds: float, random: np.random.Generator) -> np.ndarray:
    """Low tones with harmonics, a new one every half second."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = random.choice([55.0, 65.4, 73.4, 82.4, 98.0], int(seconds * 2) + 1)
    phase = 2 * np.pi * np.cumsum(pitch[(time * 2).astype(int)]) / RATE
    tones = sum(np.sin(n * phase) / n for n in range(1, 9)) * np.exp(-(time % 0.5) * 3)
    return (0.15 * tones).astype(np.float32)


def write_listening(folder: Path, n_excerpts: int, seconds: float) -> None:
    random = np.random.default_rng(0)

    def clip(label: str, name: str, sound: np.ndarray, score: float | None) -> dict[str, object]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / name, sound, RATE)
        return {"label": label, "file": name, "scores": score and {"si_sdr": score}}

    rows = []
    for index in range(n_excerpts):
        drums, bass = play_drums(seconds, random), play_bass(seconds, random)
        at = f"excerpts/{index}"
        clips = [
            clip("mixture", f"{at}/mixture.flac", (drums + bass) / 2, None),
            clip("reconstruction", f"{at}/sum.flac", (0.9 * drums + bass) / 2, 11.2),
        ]
        for name, sound, other in (("drums", drums, bass), ("bass", bass, drums)):
            noise = 0.01 * random.normal(size=len(sound))
            clips += [
                clip(f"{name}, refined", f"{at}/{name}-r.flac", (sound + other / 8) / 2, 8.04),
                clip(f"{name}, decoded", f"{at}/{name}-d.flac", sound / 2 + noise, -1.2),
                clip(f"{name}, true", f"{at}/{name}-t.flac", sound / 2, None),
            ]
        rows.append({"title": f"test-Track{index:05d}-0014.0", "text": "", "clips": clips})
    pair = [
        clip("A", "pairs/a.flac", play_drums(seconds, random), None),
        clip("B", "pairs/b.flac", play_bass(seconds, random), None),
        clip("A's drums with B's bass", "pairs/ab.flac", play_bass(seconds, random), None),
    ]
    made = [clip(f"sample {n}", f"made/{n}.flac", play_bass(seconds, random), None) for n in (1, 2)]
    sections = [
        {"id": "excerpts", "title": "Test excerpts", "text": "Songs it never saw.", "rows": rows},
        {
            "id": "recompositions",
            "title": "Recompositions",
            "text": "",
            "rows": [{"title": "Pair 1", "text": "A and B", "clips": pair}],
        },
        {
            "id": "generation",
            "title": "Samples of the prior",
            "text": "",
            "rows": [{"title": "Unconditional", "text": "", "clips": made}],
        },
    ]
    (folder / "index.json").write_text(json.dumps({"sections": sections}))


def write_scores(folder: Path, n_excerpts: int) -> None:
    random = np.random.default_rng(1)
    rows = [
        {
            "excerpt": f"excerpt {index}",
            "method": method,
            "assignment": assignment,
            "source": source,
            **{name: f"{random.normal(level, 2):.4f}" for name in MEASURES},
        }
        for index in range(n_excerpts)
        for method, level in LEVELS.items()
        for assignment in ("fixed", "best")
        for source in SOURCES
    ]
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    scores = {
        method: {
            f"{name}{end}": {
                "mean": level + off,
                "drums": level + 1.0 + off,
                "bass": level - 1.0 + off,
            }
            for name in MEASURES
            for end, off in (("", 0), ("_low", -1.25), ("_high", 1.5))
        }
        for method, level in LEVELS.items()
    }
    metrics = {
        "separation": scores,
        "separation_best": scores,
        "reconstruction": {"latent_mse": 0.0123, "multiscale_stft": 4.5},
        "generation": {"frechet_generated": 12.3, "frechet_codec_roundtrip": 1.5},
        "counts": {
            "n_excerpts": n_excerpts,
            "n_scored_excerpts": n_excerpts - 1,
            "n_silent_references": {"drums": 1, "bass": 0},
            "n_missed_sources": {"refined": 0, "nmf": 2},
            "n_undefined_frames": {"refined": 0},
        },
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))


def write_captured(path: Path) -> None:
    """One part of each source, and a little of the other."""
    parts = [
        {
            "share": {"drums": share, "bass": 0.95 - share},
            "si_sdr": {"drums": 20 * share - 10, "bass": None},
            "spectrum": [-70.0, -30.0, -10.0, 0.0, -20.0],
        }
        for share in (0.9, 0.1)
    ]
    of_sources = {name: [0.0, -15.0, -30.0, -45.0, -60.0] for name in SOURCES}
    content = {"bands": [31.2, 125.0, 500.0, 2000.0, 8000.0], "parts": parts, "sources": of_sources}
    path.write_text(json.dumps(content))


def write_model(folder: Path, n_points: int) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(2)
    steps = range(20, 20 * n_points + 1, 20)
    lines = [f"{step},{np.exp(-step / 800) + 0.2 + random.normal(0, 0.02):.5f}" for step in steps]
    (folder / "history.csv").write_text("\n".join(["step,loss", *lines]))
    (folder / "validation.csv").write_text("\n".join(["step,loss", *lines[9::10]]))
    (folder / "card.json").write_text(json.dumps({"kind": folder.name, "n_parameters": 1234}))


def write_run(root: Path, n_excerpts: int, seconds: float) -> ReportFiles:
    """models/ and reports/ under root."""
    files = ReportFiles(
        scores_table=root / "reports/table.csv",
        metrics=root / "reports/metrics.json",
        listening=root / "reports/listening",
        decomposition=root / "models/decomposition",
        prior=root / "models/prior",
        captured=root / "reports/captured.json",
        study=root / "docs/study.json",
    )
    write_listening(files.listening, n_excerpts, seconds)
    write_scores(root / "reports", n_excerpts)
    write_captured(files.captured)
    write_model(files.decomposition, 100)
    write_model(files.prior, 75)
    return files


@pytest.fixture
def run(tmp_path: Path) -> ReportFiles:
    return write_run(tmp_path, n_excerpts=1, seconds=0.5)


@pytest.fixture(scope="session")
def run_of_six(tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """For reading only."""
    return write_run(tmp_path_factory.mktemp("run"), n_excerpts=6, seconds=0.3)

"""Draws the README's picture from the last run's report: `python docs/picture.py`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import soundfile

from dirac.reporting.figures import spectrogram

LISTENING = Path("reports/listening")
LABELS = ["mixture", "drums, refined", "drums, true", "bass, refined", "bass, true"]
REFINED = ("drums, refined", "bass, refined")


def main() -> None:
    clips = find_clips(LISTENING / "index.json")
    figure, axes = plt.subplots(1, len(LABELS), figsize=(15, 2.6), layout="constrained")
    peak = None  # of the mixture: equal colours are equal levels
    for axis, label in zip(axes, LABELS, strict=True):
        samples, rate = soundfile.read(LISTENING / clips[label], dtype="float32", always_2d=True)
        power = spectrogram(samples.T, rate, n_columns=400, n_bands=128)
        peak = peak or power.max()
        decibels = 10 * np.log10(power / peak + 1e-12)
        axis.imshow(decibels, vmin=-75, vmax=0, origin="lower", aspect="auto", cmap="magma")
        axis.set_title(label)
        axis.set_axis_off()
    figure.savefig("docs/separation.webp", dpi=80, pil_kwargs={"quality": 80})


def find_clips(path: Path) -> dict[str, str]:
    """Label and file of each clip of the scored excerpt in the middle, by mean SI-SDR.

    Raises SystemExit where there is none.
    """
    if not path.is_file():
        raise SystemExit(f"error: {path} is missing: run `dvc repro` first, or `dvc pull`")
    sections = json.loads(path.read_text(encoding="utf-8"))["sections"]
    rows = [row for section in sections if section["id"] == "excerpts" for row in section["rows"]]
    means = [(mean, n) for n, row in enumerate(rows) if (mean := score(row)) is not None]
    if not means:
        raise SystemExit(f"error: {path} has no excerpt with scores of {' and '.join(REFINED)}")
    _, middle = sorted(means)[len(means) // 2]
    return {clip["label"]: clip["file"] for clip in rows[middle]["clips"]}


def score(row: Mapping[str, Any]) -> float | None:
    """Mean SI-SDR of an excerpt, None where a part has no score."""
    scores = {clip["label"]: clip["scores"] for clip in row["clips"] if clip["label"] in REFINED}
    found = [scored["si_sdr"] for scored in scores.values() if scored]
    if len(found) < len(REFINED) or None in found:
        return None
    return sum(found) / len(found)


if __name__ == "__main__":
    main()

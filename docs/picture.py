"""Draws the README's picture from the last run's report: `python docs/picture.py`."""

import json
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
    index = json.loads((LISTENING / "index.json").read_text())
    rows = next(s["rows"] for s in index["sections"] if s["id"] == "excerpts")
    rows = sorted(rows, key=score)
    clips = {clip["label"]: clip["file"] for clip in rows[len(rows) // 2]["clips"]}
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


def score(row: dict[str, Any]) -> float:
    """Mean SI-SDR of an excerpt: the one in the middle is shown."""
    scores = [clip["scores"]["si_sdr"] for clip in row["clips"] if clip["label"] in REFINED]
    return sum(scores) / len(scores)


if __name__ == "__main__":
    main()

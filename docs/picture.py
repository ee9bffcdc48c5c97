"""Draws the README's picture from the last run's report: `python docs/picture.py`."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import soundfile

from dirac.reporting.figures import spectrogram

LISTENING = Path("reports/listening")
LABELS = ["mixture", "drums, refined", "drums, true", "bass, refined", "bass, true"]
EXCERPT = 1  # the first that has both sources from its beginning


def main() -> None:
    index = json.loads((LISTENING / "index.json").read_text())
    rows = next(s["rows"] for s in index["sections"] if s["id"] == "excerpts")
    clips = {clip["label"]: clip["file"] for clip in rows[EXCERPT]["clips"]}
    figure, axes = plt.subplots(1, len(LABELS), figsize=(15, 2.6), layout="constrained")
    for axis, label in zip(axes, LABELS, strict=True):
        samples, rate = soundfile.read(LISTENING / clips[label], dtype="float32", always_2d=True)
        power = spectrogram(samples.T, rate, n_columns=400, n_bands=128)
        axis.imshow(10 * np.log10(power + 1e-9), origin="lower", aspect="auto", cmap="magma")
        axis.set_title(label)
        axis.set_axis_off()
    figure.savefig("docs/separation.webp", dpi=80, pil_kwargs={"quality": 80})


if __name__ == "__main__":
    main()

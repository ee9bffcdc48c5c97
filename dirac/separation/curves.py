"""Components of a song as curves over time: a table and a picture."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from dirac.model_files import write_atomically

MAX_POINTS = 2000  # of a curve in the picture
SPACING = 2.5  # between the curves of a component, which lie about within [-1, 1]


def write_curves(path: Path, components: Tensor, names: Sequence[str], frame_rate: float) -> None:
    """components (components, channels, frames) as CSV: seconds, every channel; a frame a row."""
    n, n_channels, n_frames = components.shape
    seconds = np.arange(n_frames) / frame_rate
    table = np.column_stack([seconds, components.reshape(n * n_channels, n_frames).numpy().T])
    columns = [f"{name}-{channel}" for name in names for channel in range(n_channels)]
    text = io.StringIO()
    np.savetxt(
        text, table, "%.5f", delimiter=",", header=",".join(["seconds", *columns]), comments=""
    )
    write_atomically(path, text.getvalue().encode())


def draw_curves(path: Path, components: Tensor, names: Sequence[str], frame_rate: float) -> None:
    """The same as PNG: a panel a component, its channels one above the other."""
    from matplotlib.figure import Figure

    n, n_channels, n_frames = components.shape
    step = -(-n_frames // MAX_POINTS)
    curves = components[..., ::step].numpy()
    seconds = np.arange(curves.shape[-1]) * step / frame_rate
    figure = Figure(figsize=(10, n * (1 + 0.15 * n_channels)), layout="constrained")
    for panel, part, name in zip(
        figure.subplots(n, 1, sharex=True, squeeze=False)[:, 0], curves, names, strict=True
    ):
        panel.plot(seconds, part.T + SPACING * np.arange(n_channels), linewidth=0.6, color="C0")
        panel.set_ylabel(name)
        panel.set_yticks([])
        panel.margins(x=0)
    panel.set_xlabel("seconds")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=150, metadata={"Software": None})
    write_atomically(path, content.getvalue())

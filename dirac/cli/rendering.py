"""Components as a song in a file: what the commands that make songs have in common."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dirac.cli.options import tell

if TYPE_CHECKING:
    from torch import Tensor

    from dirac.separation.separator import Separator


def render(
    chosen: argparse.Namespace,
    model: "tuple[Path, Separator]",
    path: Path,
    components: "Tensor",
    seed: int,
    told: Mapping[str, Any],
) -> None:
    """Sings components (1, components, ...) into a file; told: what else --json tells of it."""
    from dirac.audio.drafts import write_song

    folder, separator = model
    rate, n_channels = separator.codec.sample_rate, separator.codec.n_audio_channels
    written = write_song(path, separator.singing(components, seed), rate, n_channels)
    record = {
        "path": str(path),
        "model": str(folder),
        **told,
        "seed": seed,
        "seconds": written.n_samples / rate,
        "sample_rate": rate,
        "peak": written.peak,
    }
    tell(chosen, [path], record)

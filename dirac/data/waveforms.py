"""What the training of a codec hears: crops of mixtures, and never a stem."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.errors import DataError
from dirac.data.excerpts import Excerpts
from dirac.data.tracks import Track, mix, read_sources


class WaveformDataset(Dataset[Tensor]):
    """Crops of n_samples from mixtures, asked for by (index of the excerpt, position in [0, 1)).

    Raises DataError when the excerpts are shorter than a crop.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        excerpts: Excerpts,
        sources: Sequence[str],
        n_samples: int,
        sample_rate: int,
    ) -> None:
        self.tracks = {track.name: track for track in tracks}
        self.excerpts, self.sources = excerpts, sources
        self.seconds, self.sample_rate = n_samples / sample_rate, sample_rate
        if self.seconds > excerpts.duration_seconds:
            raise DataError(
                f"crops of {self.seconds:.2f} s do not fit into excerpts of "
                f"{excerpts.duration_seconds:g} s: lower train_codec.n_frames or raise "
                "data.duration_seconds"
            )

    def __len__(self) -> int:
        return len(self.excerpts)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> float32 (1, n_samples)."""
        index, position = key
        excerpt = self.excerpts[index]
        start = excerpt.start_seconds + position * (excerpt.duration_seconds - self.seconds)
        sources = read_sources(
            self.tracks[excerpt.track], self.sources, start, self.seconds, self.sample_rate, 1
        )
        return torch.from_numpy(mix(sources))

"""A new song of the components of others: A's first with B's second."""

from collections.abc import Sequence

import torch
from torch import Tensor

Choice = tuple[int, int]  # which song, which of its components


def recompose(songs: Sequence[Tensor], choices: Sequence[Choice]) -> Tensor:
    """Components of songs, each (1, components, channels, frames), chosen -> of one new song.

    As long as the shortest of the chosen songs. Raises ValueError for a song or component that is
    not there.
    """
    if not choices:
        raise ValueError("choose one component at least")
    for song, component in choices:
        if not 0 <= song < len(songs):
            raise ValueError(f"there is no song {song}: there are {len(songs)}, counted from 0")
        if not 0 <= component < (n := songs[song].shape[1]):
            raise ValueError(f"there is no component {component}: there are {n}, counted from 0")
    n_frames = min(songs[song].shape[-1] for song, _ in choices)
    return torch.stack([songs[song][:, n, ..., :n_frames] for song, n in choices], dim=1)

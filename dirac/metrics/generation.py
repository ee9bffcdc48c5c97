"""How generated music compares with real music, in codec latents: likeness, copying, diversity."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, conv1d


def cut(latents: Tensor, n_frames: int) -> Tensor:
    """Windows side by side, what is left at the end dropped; one window if it is all too short.

    (batch, channels, frames) -> (batch * windows, channels, n_frames).
    """
    n_frames = min(n_frames, latents.shape[-1])
    windows = latents.unfold(-1, n_frames, n_frames)
    return windows.transpose(1, 2).flatten(0, 1)


def embed(latents: Tensor) -> Tensor:
    """Mean and standard deviation over time of each channel: (batch, c, frames) -> (batch, 2 c).

    Ours, for comparing methods within one run and one codec: it is not the VGGish embedding of the
    Frechet audio distance, and its figures compare with nobody else's.
    """
    return torch.cat([latents.mean(-1), latents.std(-1, correction=0)], dim=-1)


def frechet_distance(embeddings: Tensor, reference: Tensor) -> float:
    """Frechet distance of two Gaussians fitted to embeddings (samples, features), 0 if equal.

    Every feature is measured in the reference's standard deviations, so that loud channels do not
    count alone (a feature that is constant in the reference is left out). There are usually fewer
    samples than features, where a sample covariance is singular and overfits: both are shrunk
    towards a multiple of the identity by Ledoit and Wolf (2004).

    Raises ValueError below two samples a side, or if all features of the reference are constant.
    """
    from torchaudio.functional import frechet_distance as distance_of_gaussians

    if min(len(embeddings), len(reference)) < 2:
        raise ValueError(
            f"a Frechet distance needs two samples a side, got {len(embeddings)} and "
            f"{len(reference)}: raise the number of excerpts"
        )
    gaussians = [_gaussian(_in_deviations(x, reference)) for x in (embeddings, reference)]
    return max(float(distance_of_gaussians(*gaussians[0], *gaussians[1])), 0.0)


def nearest(windows: Tensor, song: Tensor, n_pooled: int) -> Tensor:
    """How far every window is from the likest place of a song, at any of its frames.

    windows: (windows, channels, n_frames), song: (channels, frames), both centred, so that 0 is
    the average sound -> (windows,), |window - place| / |window|: 0 for a copy, 1.4 for music that
    is as loud and has nothing in common. Compared are means over n_pooled frames.
    """
    pooled = avg_pool1d(windows, n_pooled)
    places = avg_pool1d(song, n_pooled, stride=1)
    likeness = conv1d(places, pooled, dilation=n_pooled)
    there = conv1d(places.square(), torch.ones_like(pooled[:1]), dilation=n_pooled)
    energy = pooled.square().sum(dim=(1, 2))
    distance = energy + (there - 2 * likeness).amin(dim=-1)
    return (distance.clamp_min(0) / energy.clamp_min(1e-12)).sqrt()


def diversity(variations: Tensor, reference: Tensor) -> float:
    """How far variations of one song lie apart, in the mean distance of two reference samples.

    variations: (songs, variations, features), reference: (samples, features), embeddings both, each
    feature measured as for `frechet_distance`. 0: all the same, 1: as far apart as any two songs.
    """
    songs = torch.split(_in_deviations(variations.flatten(0, 1), reference), variations.shape[1])
    apart = torch.stack([torch.pdist(song).mean() for song in songs]).mean()
    return float(apart / torch.pdist(_in_deviations(reference, reference)).mean())


def similarity(estimate: Tensor, reference: Tensor) -> float:
    """Cosine of the angle between two tensors of one shape, 1 where one is the other, scaled."""
    return float(torch.cosine_similarity(estimate.flatten(), reference.flatten(), dim=0))


def _in_deviations(samples: Tensor, reference: Tensor) -> Tensor:
    """(samples, features), centred, in the reference's deviations; features that vary alone."""
    spread = reference.std(0)
    varying = spread > 1e-6 * spread.max()
    if not bool(varying.any()):
        raise ValueError("the reference embeddings are all the same: nothing to measure against")
    return (samples - reference.mean(0))[:, varying] / spread[varying]


def _gaussian(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (features,) and shrunk covariance (features, features) of (samples, features)."""
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(np.asarray(samples.double().cpu()))
    return samples.double().cpu().mean(0), torch.from_numpy(covariance)

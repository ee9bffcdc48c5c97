"""How close the distribution of generated music is to that of real music, in codec latents."""

import numpy as np
import torch
from torch import Tensor


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
    spread = reference.std(0)
    varying = spread > 1e-6 * spread.max()
    if not bool(varying.any()):
        raise ValueError("the reference embeddings are all the same: nothing to measure against")
    centre = reference.mean(0)
    gaussians = [
        _gaussian((samples - centre)[:, varying] / spread[varying])
        for samples in (embeddings, reference)
    ]
    return max(float(distance_of_gaussians(*gaussians[0], *gaussians[1])), 0.0)


def _gaussian(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (features,) and shrunk covariance (features, features) of (samples, features)."""
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(np.asarray(samples.double().cpu()))
    return samples.double().cpu().mean(0), torch.from_numpy(covariance)

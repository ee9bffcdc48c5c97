"""Components that tell nothing of the parts beside theirs.

An encoder hears the whole mixture, and what it draws for one part still holds something of the
others: enough for a prior to find again the very parts that it is to replace. It cannot where the
others were another song's.
"""

import torch
from torch import Tensor

from dirac.models.decomposition import Decomposition


@torch.inference_mode()
def with_exchanged(model: Decomposition, latents: Tensor) -> Tensor:
    """Mixtures (batch, channels, frames), each followed by one of another song, the last by the

    first -> (batch, 2, components, component channels, frames): their components; and what becomes
    of each component where all other parts are those of the song that follows.
    """
    own = model.encode(latents)
    parts = model.regress(own)
    exchanged = torch.empty_like(own)
    for n in range(model.n_latents):
        mixed = parts.roll(-1, dims=0)
        mixed[:, n] = parts[:, n]
        exchanged[:, n] = model.encode(model.compose(mixed))[:, n]
    return torch.stack([own, exchanged], dim=1)

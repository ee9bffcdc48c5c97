"""Ways to get parts of an excerpt, all with one signature, so that all are scored alike.

A method is handed the references (sources, channels, time), whose sum is the mixture, and the
sample rate. A separator only ever gets that sum (`separate_mixture`); bounds use the references.
With its settings bound by functools.partial, a method can be sent to another process.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dirac.separation.refine import wiener

Signal = NDArray[np.floating]
Separator = Callable[[Tensor, int], Tensor]
Method = Callable[[Signal, int], Signal]


def separate_mixture(separator: Separator, references: Signal, sample_rate: int) -> Signal:
    """What a separator makes of the mixture alone, (parts, channels, time)."""
    parts: Signal = separator(torch.from_numpy(references.sum(0)), sample_rate).numpy()
    return parts


def oracle_mask(references: Signal, sample_rate: int, *, n_fft: int, power: float) -> Signal:
    """Upper bound of masking: the ratio mask of the references themselves."""
    stems = torch.from_numpy(references)
    estimates: Signal = wiener(stems.sum(0), stems, n_fft, power).numpy()
    return estimates


def codec_oracle(
    encode: Callable[[Tensor], Tensor],
    mask: Callable[[Tensor, Tensor, int], Tensor],
    references: Signal,
    sample_rate: int,
) -> Signal:
    """Upper bound at our resolution: masks as a perfect model of the codec's latents makes them.

    encode: as for `round_trip`; mask: of (parts, mixture, sample_rate), as `Separator.masked` with
    its settings bound.
    """
    stems = torch.from_numpy(references)
    with torch.inference_mode():
        estimates: Signal = mask(encode(stems * len(stems)), stems.sum(0), sample_rate).numpy()
    return estimates


def round_trip(
    encode: Callable[[Tensor], Tensor],
    decode: Callable[[Tensor], Tensor],
    references: Signal,
    sample_rate: int,
) -> Signal:
    """Upper bound of rendering through a codec: every reference alone, encoded and decoded.

    encode: (batch, channels, time) -> (batch, channels, frames), decode back, at least as long.
    The stems pass at their own level, not at that of their share.
    """
    stems = torch.from_numpy(references) * len(references)
    with torch.inference_mode():
        decoded = decode(encode(stems))[..., : references.shape[-1]] / len(references)
    estimates: Signal = decoded.cpu().numpy()
    return estimates

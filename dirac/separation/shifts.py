"""Estimates averaged over where the codec's frames begin: shifts, as Demucs has them (Défossez

et al. 2019, "Music Source Separation in the Waveform Domain"), but by fractions of a frame.
"""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import pad


def averaged(
    method: Callable[[Tensor, int], Tensor],
    frame_rate: float,
    n_shifts: int,
    waveform: Tensor,
    sample_rate: int,
) -> Tensor:
    """The mean of method(waveform, sample_rate), its beginning put off by fractions of a frame.

    waveform: (channels, time); method makes (..., channels, time) of it; frame_rate in Hz. What a
    codec loses depends on where its frames fall, and what is sampled on its noise: a mean loses
    less of both, if estimates keep the phase.
    """

    def put_off(n: int) -> Tensor:
        delay = round(n * sample_rate / (frame_rate * n_shifts))
        return method(pad(waveform, (delay, 0)), sample_rate)[..., delay:]

    estimates = put_off(0)
    for n in range(1, n_shifts):
        estimates = estimates + put_off(n)
    return estimates / n_shifts

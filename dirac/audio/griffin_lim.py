"""The fast Griffin-Lim algorithm (Perraudin, Balazs, Sondergaard 2013)."""

import torch
from torch import Tensor

from dirac.audio.stft import istft, stft


def griffin_lim(
    magnitudes: Tensor, window: Tensor, hop: int, n_samples: int, n_iterations: int, momentum: float
) -> Tensor:
    """Magnitudes (..., bins, frames) -> a waveform (..., n_samples) of about these, in silence.

    Phases begin at zero. They are those of a waveform pushed on from the one before it, with the
    momentum scaled as torchaudio has it. All but the phases is linear, so that waveforms are kept
    from step to step, not spectra.
    """
    magnitudes = magnitudes.mT.contiguous().mT
    spectrum = torch.complex(magnitudes, torch.zeros_like(magnitudes))
    push = momentum / (1 + momentum)
    waveform = istft(spectrum, window, hop, n_samples)
    last = torch.zeros_like(waveform)
    for _ in range(n_iterations):
        spectrum = stft(waveform - push * last, window, hop, out=spectrum)
        lengths = (spectrum.real.square() + spectrum.imag.square()).sqrt_()
        spectrum.mul_(magnitudes / lengths.add_(1e-16))
        last, waveform = waveform, istft(spectrum, window, hop, n_samples)
    return waveform

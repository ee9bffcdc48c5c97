"""What latents of any codec sound like, as the spectrogram codec hears it."""

import torch
from torch import Tensor

from dirac.audio.codecs import Codec
from dirac.audio.files import resample
from dirac.audio.spectrogram import SAMPLE_RATE, Spectrogram


@torch.inference_mode()
def roots_of_magnitudes(latents: Tensor, codec: Codec, spectrogram: Spectrogram) -> Tensor:
    """Latents (batch, channels, frames) -> (batch, 128 bands, frames at 75 Hz), of all channels.

    Their squares add over sources, about: magnitudes do.
    """
    if not isinstance(codec, Spectrogram):
        waveform = codec.decode(latents.to(torch.float32)).mean(dim=1, keepdim=True)
        latents = spectrogram.encode(resample(waveform, codec.sample_rate, SAMPLE_RATE))
    return latents.clamp_min(0).pow(spectrogram.exponent / 2)

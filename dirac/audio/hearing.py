"""What latents of any codec sound like, as the spectrogram codec hears it."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from dirac.audio.codecs import Codec, SpectrogramSettings
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


def make_listener(
    codec: Codec, settings: SpectrogramSettings, device: torch.device
) -> Callable[[Tensor], Tensor]:
    """What latents of `codec` sound like, by `roots_of_magnitudes`, heard on the device.

    settings: of the spectrogram.
    """
    spectrogram = Spectrogram(settings.power, settings.n_fft, settings.n_iterations).to(device)
    if isinstance(codec, nn.Module):
        codec.to(device)
    listen = partial(roots_of_magnitudes, codec=codec, spectrogram=spectrogram)
    return lambda latents: listen(latents.to(device))

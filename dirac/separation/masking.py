"""Parts as masks: their spectrograms, on the grid of a mixture of any rate, share it out."""

import math

import torch
from einops import rearrange
from scipy.fft import next_fast_len
from torch import Tensor, nn

from dirac.audio.codecs import Codec
from dirac.audio.spectrogram import Spectrogram
from dirac.separation.consistency import consistent_below, repeated_masks
from dirac.separation.manner import second_opinion
from dirac.separation.refine import ratio_masks, stft
from dirac.separation.settings import Settings


def masked(
    parts: Tensor, waveform: Tensor, sample_rate: int, codec: Codec, settings: Settings
) -> Tensor:
    """The mixture (channels, time) through the masks of parts (parts, channels, frames),

    refined as in `consistency` and by a second opinion, as far as `settings.manner` has it.
    """
    magnitudes, hop = magnitudes_of(parts, codec, settings.n_fft)
    if magnitudes.shape[1] not in (1, len(waveform)):
        magnitudes = magnitudes.mean(1, keepdim=True)
    ratio = sample_rate / codec.sample_rate
    n_fft, device = window_at(ratio, settings.n_fft), parts.device
    bins = torch.arange(n_fft // 2 + 1, device=device) * (ratio * settings.n_fft / n_fft)
    numbers = torch.arange(waveform.shape[-1] // (n_fft // 4) + 1, device=device)
    seconds = numbers * (n_fft // 4 / sample_rate)
    frames = seconds * (codec.sample_rate / hop)
    power, refinement = settings.power, settings.refinement
    masks = interpolate(ratio_masks(magnitudes, power), bins, frames)
    loudness = interpolate(magnitudes.square().sum(0, keepdim=True), bins, frames)
    latent_frames = (seconds * codec.frame_rate).round().long()
    features = parts[..., latent_frames.clamp_max(parts.shape[-1] - 1)]
    masks = repeated_masks(masks, stft(waveform, n_fft), features, power, refinement)
    factor = refinement.decimation(sample_rate, n_fft)

    length = window_at(ratio / factor, settings.manner.n_fft)

    def steer(estimates: Tensor, mixture: Tensor) -> Tensor:
        return second_opinion(estimates, mixture, sample_rate / factor, length, settings.manner)

    powers = masks * loudness
    return consistent_below(waveform, masks, powers, n_fft, refinement, factor, steer)


def window_at(ratio: float, n_fft: int) -> int:
    """The window of as many seconds at `ratio` times the sample rate, so that bins lie at the same

    frequencies, about: the power of two above it, if by less than a tenth, as 4096 for 3763 at
    44.1 kHz; else a length without a prime factor above 5, of which Fourier transforms are slower
    by a half, and by far of others. A multiple of 4, for the hop.
    """
    length = max(round(n_fft * ratio), 64)
    power_of_two = 2 ** math.ceil(math.log2(length))
    return power_of_two if power_of_two < 1.1 * length else 4 * next_fast_len(-(-length // 4), True)


def magnitudes_of(parts: Tensor, codec: Codec, n_fft: int) -> tuple[Tensor, int]:
    """Parts (parts, channels, frames) -> (parts, audio channels, bins, frames), samples apart.

    The spectrogram codec knows magnitudes; by way of Griffin-Lim, masks are no better (oracle
    latents on synthetic music: 13.84 dB against 13.83).
    """
    if isinstance(codec, Spectrogram):
        return codec.magnitudes(parts, n_fft), codec.hop
    spectra = stft(codec.decode(parts), n_fft).abs()
    return spectra, n_fft // 4


def interpolate(masks: Tensor, bins: Tensor, frames: Tensor) -> Tensor:
    """Masks (parts, channels, bins, frames) at fractional bins and frames; beyond the edge, it.

    In memory the bins of a frame lie side by side, as those of `stft`.
    """
    height, width = masks.shape[-2:]
    y, x = 2 * bins / max(height - 1, 1) - 1, 2 * frames / max(width - 1, 1) - 1
    places = torch.stack(torch.meshgrid(x, y, indexing="ij")[::-1], dim=-1)
    places = rearrange(places, "width height yx -> 1 width height yx").expand(
        len(masks), -1, -1, -1
    )
    return nn.functional.grid_sample(masks.mT, places, padding_mode="border", align_corners=True).mT

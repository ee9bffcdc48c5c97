"""How encodec_mini is trained: waveforms through encoder and decoder, and back as they were."""

import torch
from torch import Tensor, nn

from dirac.audio.encodec_mini import EncodecMini
from dirac.diffusion.draws import Draws
from dirac.models.losses import noise_above_floor

# Of the mean square of a waveform at full scale: errors below it are not heard.
SILENCE = 1e-7

WINDOWS = (2048, 512, 128)


class Autoencoder(nn.Module):
    """The codec and its loss, on mixtures alone.

    gain_db: crops are made up to this much louder or softer. noise: standard deviation of what is
    added to the latents, relative to their RMS, so that near latents sound alike.
    spectrum_weight: of the spectra's likeness, beside the waveforms'.
    """

    def __init__(
        self, codec: EncodecMini, gain_db: float, noise: float, spectrum_weight: float
    ) -> None:
        super().__init__()
        start_near_linear(codec)
        self.encoder, self.decoder = codec.encoder, codec.decoder
        self.gain_db, self.noise, self.spectrum_weight = gain_db, noise, spectrum_weight

    def forward(self, batch: Tensor, draws: Draws | None = None) -> dict[str, Tensor]:
        """batch: waveforms (batch, 1, time) -> the loss and its named terms.

        The first half comes back from its latents, the second as the mean of two from the mean of
        their latents: parts must add in latents as they do in the air. Both of a pair are of the
        share of one process.
        """
        draws = draws or Draws(len(batch))
        gain_db = self.gain_db * (2 * draws.uniform(batch) - 1)
        waveform = batch * 10 ** (gain_db[:, None, None] / 20)
        latents = self.encoder(waveform)
        level = latents.square().mean(dim=(1, 2), keepdim=True).sqrt()
        latents = latents + self.noise * level.detach() * draws.normal(latents)
        decoded = self.decoder(half_averaged(latents))
        target = half_averaged(waveform)
        waveform_loss = noise_above_floor(decoded, target, SILENCE).mean()
        spectrum_loss = spectral_distance(decoded[:, 0], target[:, 0])
        loss = waveform_loss + self.spectrum_weight * spectrum_loss
        return {"loss": loss, "waveform": waveform_loss, "spectrum": spectrum_loss}


def half_averaged(signals: Tensor) -> Tensor:
    """(batch, ...): the first half as it is, each of the others averaged with one before it."""
    half = len(signals) // 2
    others = signals[half:]
    return torch.cat([signals[:half], (others + signals[: len(others)]) / 2])


def spectral_distance(estimate: Tensor, reference: Tensor) -> Tensor:
    """Mean |log magnitude - log magnitude| of STFTs at three scales; (batch, time) -> scalar."""
    distances = [
        (log_magnitude(estimate, n_fft) - log_magnitude(reference, n_fft)).abs().mean()
        for n_fft in WINDOWS
    ]
    return torch.stack(distances).sum()


def log_magnitude(waveform: Tensor, n_fft: int) -> Tensor:
    """(batch, time) -> (batch, bins, frames); 1e-3 is about -60 dB."""
    window = torch.hann_window(n_fft, device=waveform.device)
    spectrum = torch.stft(
        waveform, n_fft, n_fft // 4, window=window, normalized=True, return_complex=True
    )
    # A root has no finite slope at zero.
    return (torch.view_as_real(spectrum).square().sum(-1) + 1e-6).log() / 2


def start_near_linear(codec: EncodecMini) -> None:
    """Orthogonal convolutions and silent residual branches: a chain of lapped transforms.

    300 steps from there give 12.1 dB of a mixture, from the usual start 3.3 (docs/log.md).
    """
    for layer in codec.modules():
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
            nn.init.orthogonal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        if hasattr(layer, "block"):  # SEANetResnetBlock's branch, which ends in a convolution
            nn.init.zeros_([m for m in layer.modules() if isinstance(m, nn.Conv1d)][1].weight)

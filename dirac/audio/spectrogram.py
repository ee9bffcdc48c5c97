"""A codec in closed form: mel magnitudes to a power, and Griffin-Lim back.

128 bands (HTK scale) at 24 kHz with hop 320 give 128 channels at 75 Hz, exactly EnCodec's shape,
with no weights. A band holds the mean magnitude of its bins, in amplitudes of a sine: music lies
between 0 and 1.
"""

import warnings
from fractions import Fraction

import torch
import torchaudio
from torch import Tensor, nn

from dirac.audio.chunks import in_chunks
from dirac.audio.framing import pad_to_frames
from dirac.audio.griffin_lim import griffin_lim
from dirac.audio.weights import CodecError

# The shape of EnCodec 24 kHz; what may be chosen stands in params.yaml.
SAMPLE_RATE = 24_000
HOP = 320
N_BANDS = 128
MOMENTUM = 0.99  # of Griffin-Lim
CHUNK = 2250  # frames that are computed at a time


class Spectrogram(nn.Module):
    """encode (batch, 1, time) -> (batch, 128, frames), frames = ceil(time / 320); decode back.

    power: exponent of the magnitudes; n_fft: samples of the Hann window; n_iterations:
    Griffin-Lim's. Frame k is centred at sample 320 k, silence lies around the waveform.
    The same latents decode to the same waveform: the phase starts at zero. Long files go through
    in chunks, with the result of the whole.
    """

    name = "spectrogram"
    sample_rate = SAMPLE_RATE
    hop = HOP
    frame_rate = SAMPLE_RATE / HOP
    n_channels = N_BANDS
    n_audio_channels = 1
    homogeneous = True
    window: Tensor
    bands: Tensor
    bins: Tensor

    def __init__(self, power: float, n_fft: int, n_iterations: int) -> None:
        super().__init__()
        self.power, self.n_fft, self.n_iterations = power, n_fft, n_iterations
        self.exponent = 1 / power
        self.register_buffer("window", torch.hann_window(n_fft))
        self.register_buffer("bands", mel_bands(n_fft))
        self.register_buffer("bins", mel_inverse(n_fft))

    @torch.no_grad()
    def encode(self, waveform: Tensor) -> Tensor:
        waveform = pad_to_frames(waveform, HOP)
        context = self._reach * HOP
        return in_chunks(self._encode, waveform, CHUNK * HOP, context, Fraction(1, HOP))

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        # An iteration carries on what it knows as far as windows overlap.
        context = self.n_iterations * (self.n_fft // HOP) + self._reach
        return in_chunks(self._decode, latents, max(CHUNK, context), context, Fraction(HOP))

    @property
    def _reach(self) -> int:
        """Frames on each side of a sample whose windows may touch it."""
        return self.n_fft // (2 * HOP) + 1

    def _encode(self, waveform: Tensor) -> Tensor:
        spectra = torch.stft(
            waveform[:, 0],
            self.n_fft,
            HOP,
            window=self.window,
            pad_mode="constant",
            return_complex=True,
        )
        n_frames = waveform.shape[-1] // HOP  # one less than centred frames there are
        amplitudes = spectra[..., :n_frames].abs() / (self.window.sum() / 2)
        return (self.bands @ amplitudes).pow(self.power)

    def _decode(self, latents: Tensor) -> Tensor:
        magnitudes = self._magnitudes(latents, self.bins) * (self.window.sum() / 2)
        edge = self._reach  # silent frames around, as encode saw it
        n_samples = latents.shape[-1] * HOP
        waveform = griffin_lim(
            nn.functional.pad(magnitudes, (edge, edge + 1)),
            self.window,
            HOP,
            n_samples + 2 * edge * HOP,
            self.n_iterations,
            MOMENTUM,
        )
        return waveform[:, None, edge * HOP : edge * HOP + n_samples]

    @torch.no_grad()
    def magnitudes(self, latents: Tensor, n_fft: int) -> Tensor:
        """(batch, 128, frames) -> (batch, 1, n_fft // 2 + 1, frames): amplitudes per bin."""
        bins = self.bins if n_fft == self.n_fft else mel_inverse(n_fft).to(latents.device)
        return self._magnitudes(latents, bins)[:, None]

    def _magnitudes(self, latents: Tensor, bins: Tensor) -> Tensor:
        bands = latents.clamp_min(0).pow(1 / self.power)
        return (bins @ bands).clamp_min(0)


def mel_bands(n_fft: int) -> Tensor:
    """(128, n_fft // 2 + 1): each row averages the bins of its band.

    At 1024 a few of the lowest bands share one bin. Raises CodecError where one would have none.
    """
    with warnings.catch_warnings(action="ignore"):  # torchaudio's words for what is raised below
        triangles: Tensor = torchaudio.functional.melscale_fbanks(
            n_fft // 2 + 1, 0.0, SAMPLE_RATE / 2, N_BANDS, SAMPLE_RATE
        )
    weights = triangles.sum(0)
    if n_empty := int((weights == 0).sum()):
        raise CodecError(
            f"n_fft {n_fft} leaves {n_empty} of {N_BANDS} bands empty: 1024 or more fills them all"
        )
    return (triangles / weights).T.contiguous()


def mel_inverse(n_fft: int) -> Tensor:
    """(n_fft // 2 + 1, 128): the pseudo-inverse; clamped at zero it beats interpolation."""
    inverse: Tensor = torch.linalg.pinv(mel_bands(n_fft).double(), rtol=1e-2)
    return inverse.float()

"""What a codec is, and the choice of one by its name."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

from torch import Tensor

from dirac.audio.spectrogram import Spectrogram


class Codec(Protocol):
    """A pair of maps between waveforms and latents; codecs are interchangeable by name alone."""

    @property
    def name(self) -> str: ...

    @property
    def sample_rate(self) -> int:
        """Hz, of the waveforms."""

    @property
    def frame_rate(self) -> float:
        """Frames per second: sample_rate / hop."""

    @property
    def hop(self) -> int:
        """Samples per frame."""

    @property
    def n_channels(self) -> int:
        """Channels of the latents."""

    @property
    def n_audio_channels(self) -> int:
        """Channels of the waveforms."""

    @property
    def exponent(self) -> float:
        """Latents to this power add as waveforms do: 1 / p for magnitudes to the power of p.

        1 for latents that are linear, or nearly, and have a sign.
        """

    @property
    def homogeneous(self) -> bool:
        """Whether a sound g times as loud has exactly g ** (1 / exponent) times the latents.

        Then those of silence are zero.
        """

    def encode(self, waveform: Tensor) -> Tensor:
        """(batch, n_audio_channels, time) -> (batch, n_channels, ceil(time / hop))."""

    def decode(self, latents: Tensor) -> Tensor:
        """(batch, n_channels, frames) -> (batch, n_audio_channels, frames * hop)."""


class SpectrogramSettings(Protocol):
    """params.codec.spectrogram, or anything with its values."""

    @property
    def power(self) -> float: ...

    @property
    def n_fft(self) -> int: ...

    @property
    def n_iterations(self) -> int: ...


def load_codec(
    name: str,
    *,
    weights: Path | None,
    quantized: bool,
    bandwidth: float,
    spectrogram: SpectrogramSettings,
) -> Codec:
    """The codec `name`, with those of the settings that concern it.

    Raises CodecError where EnCodec's weights cannot be had, ValueError for impossible settings.
    """
    if name == "spectrogram":
        return Spectrogram(spectrogram.power, spectrogram.n_fft, spectrogram.n_iterations)
    if name == "encodec_mini":
        from dirac.audio.encodec_mini import load_encodec_mini

        return load_encodec_mini(weights)
    from dirac.audio.encodec import load_encodec

    return load_encodec(name, weights, quantized, bandwidth)


def load_described(codec: Mapping[str, Any], weights: Path | None) -> Codec:
    """The codec that a store or a model's card describes. Raises as `load_codec`, or KeyError."""
    return load_codec(
        codec["name"],
        weights=weights,
        quantized=codec["quantized"],
        bandwidth=codec["bandwidth"],
        spectrogram=SimpleNamespace(**codec["spectrogram"]),
    )

"""EnCodec 24 and 48 kHz by the encodec package: Defossez, Copet, Synnaeve, Adi, arXiv 2210.13438.

Latents are the encoder's output, or with `quantized` the sum of its codebooks' vectors.
"""

import warnings
from pathlib import Path

import torch
from encodec import EncodecModel
from torch import Tensor, nn

from dirac.audio.chunks import pieces_of
from dirac.audio.framing import n_frames_of
from dirac.audio.seanet import CHUNK, run_in_chunks
from dirac.audio.weights import CodecError, load_weights

HOP = 320
CHECKPOINTS = {
    "encodec_24khz": "encodec_24khz-d7cc33bc.th",
    "encodec_48khz": "encodec_48khz-7e698e3e.th",
}
URL = "https://dl.fbaipublicfiles.com/encodec/v0/"

# The 48 kHz model sees segments of one second. They lie 148 frames apart, so that two frames of
# each are faded into the next; EnCodec's own 1 % overlap is one and a half.
SEGMENT, STRIDE = 150, 148
SILENCE = 1e-8  # what EnCodec adds to an RMS before it divides by it


class Encodec24(nn.Module):
    """encode (batch, 1, time) at 24 kHz -> (batch, 128, frames) at 75 Hz; decode back.

    Exactly as pretrained: long files go through in chunks, with the result of the whole.
    """

    name = "encodec_24khz"
    sample_rate = 24_000
    hop = HOP
    frame_rate = sample_rate / HOP
    n_channels = 128
    n_audio_channels = 1
    exponent = 1.0
    homogeneous = False

    def __init__(self, model: EncodecModel, quantized: bool, bandwidth: float) -> None:
        super().__init__()
        self.model = frozen(model, bandwidth)
        self.quantized = quantized

    @torch.no_grad()
    def encode(self, waveform: Tensor) -> Tensor:
        latents = run_in_chunks(self.model.encoder.model, waveform)
        return quantize(self.model, latents) if self.quantized else latents

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        return run_in_chunks(self.model.decoder.model, latents)


class Encodec48(nn.Module):
    """encode (batch, 2, time) at 48 kHz -> (batch, 129, frames) at 150 Hz; decode back.

    The model hears each segment at RMS 1. Channel 128 is the RMS that it had, the same for all of
    a segment's frames, by which the other channels are multiplied: so they add as waveforms do, as
    far as the model is linear, and the frames of the next segment that decode shows the model at
    the end of each are as loud as they were. decode divides by the segment's mean of channel 128.
    """

    name = "encodec_48khz"
    sample_rate = 48_000
    hop = HOP
    frame_rate = sample_rate / HOP
    n_channels = 129
    n_audio_channels = 2
    exponent = 1.0
    homogeneous = True

    def __init__(self, model: EncodecModel, quantized: bool, bandwidth: float) -> None:
        super().__init__()
        self.model = frozen(model, bandwidth)
        self.quantized = quantized

    @torch.no_grad()
    def encode(self, waveform: Tensor) -> Tensor:
        starts = segment_starts(n_frames_of(waveform.shape[-1], HOP))
        segments = [self._encode(waveform[..., s * HOP : (s + SEGMENT) * HOP]) for s in starts]
        return torch.cat([*(segment[..., :STRIDE] for segment in segments[:-1]), segments[-1]], -1)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        batch, _, n_frames = latents.shape
        waveform = latents.new_empty(batch, self.n_audio_channels, n_frames * HOP)
        overlap = (SEGMENT - STRIDE) * HOP
        fade = torch.arange(1, overlap + 1, device=latents.device) / (overlap + 1)
        for start in segment_starts(n_frames):
            segment = self._decode(latents[..., start : start + SEGMENT])
            place = waveform[..., start * HOP : (start + SEGMENT) * HOP]
            if start > 0:
                segment[..., :overlap] = place[..., :overlap].lerp(segment[..., :overlap], fade)
            place.copy_(segment)
        return waveform

    def _encode(self, segment: Tensor) -> Tensor:
        scale = segment.mean(1, keepdim=True).square().mean(2, keepdim=True).sqrt()
        latents: Tensor = self.model.encoder(segment / (scale + SILENCE))
        if self.quantized:
            latents = quantize(self.model, latents)
        return torch.cat([latents * scale, scale.expand(-1, 1, latents.shape[-1])], dim=1)

    def _decode(self, latents: Tensor) -> Tensor:
        scale = latents[:, -1:, :STRIDE].mean(-1, keepdim=True).clamp_min(0)
        waveform: Tensor = self.model.decoder(latents[:, :-1] / (scale + SILENCE))
        return waveform * scale


def load_encodec(
    name: str, weights: Path | None, quantized: bool, bandwidth: float
) -> Encodec24 | Encodec48:
    """The pretrained model called `name`; for `weights` see `load_weights`.

    bandwidth: kbit/s, of the quantised latents. Raises CodecError: no such model or bandwidth, no
    weights, or weights of another model.
    """
    if name not in CHECKPOINTS:
        raise CodecError(f"no EnCodec model is called {name!r}: there are {', '.join(CHECKPOINTS)}")
    state = load_weights(name, URL + CHECKPOINTS[name], weights)
    model = untrained(name)
    if bandwidth not in model.target_bandwidths:
        raise CodecError(f"{name} has no bandwidth {bandwidth}: take {model.target_bandwidths}")
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CodecError(
            f"codec.weights do not fit {name}: they are those of another model; the right ones are "
            f"{URL}{CHECKPOINTS[name]}"
        ) from error
    return as_codec(name, model, quantized, bandwidth)


def as_codec(
    name: str, model: EncodecModel, quantized: bool, bandwidth: float
) -> Encodec24 | Encodec48:
    """The codec `name` of a model of its architecture, which is frozen."""
    wrapper = Encodec24 if name == "encodec_24khz" else Encodec48
    return wrapper(model, quantized, bandwidth).eval()


def untrained(name: str) -> EncodecModel:
    """The architecture with random weights, drawn without touching the global generator."""
    build = {
        "encodec_24khz": EncodecModel.encodec_model_24khz,
        "encodec_48khz": EncodecModel.encodec_model_48khz,
    }[name]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*weight_norm.*")
        return build(pretrained=False)


def frozen(model: EncodecModel, bandwidth: float) -> EncodecModel:
    """Weight norm folded into the weights, no gradients."""
    for module in model.modules():
        if hasattr(module, "weight_g"):
            nn.utils.remove_weight_norm(module)
    model.set_target_bandwidth(bandwidth)
    return model.eval().requires_grad_(False)


def quantize(model: EncodecModel, latents: Tensor) -> Tensor:
    """(batch, 128, frames) -> the sum of its codebooks' vectors, shaped alike."""
    quantizer = model.quantizer
    codes = (
        quantizer.encode(chunk, model.frame_rate, model.bandwidth)
        for chunk in pieces_of(latents, CHUNK)
    )
    return torch.cat([quantizer.decode(chunk) for chunk in codes], dim=-1)


def segment_starts(n_frames: int) -> range:
    """First frames of the 48 kHz model's segments; no last one that the one before it contains."""
    return range(0, max(n_frames - (SEGMENT - STRIDE), 1), STRIDE)

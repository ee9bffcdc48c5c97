"""encodec_mini: EnCodec's networks made small, trained by the stage train_codec.

The encodec package's SEANet (Defossez, Copet, Synnaeve, Adi, arXiv 2210.13438) without recurrence
and without quantisation, so that it is small, quick, and has no seams. Its weights ship with dirac.
"""

import math
from pathlib import Path
from typing import Any

import torch
from encodec.modules import SEANetDecoder, SEANetEncoder
from torch import Tensor, nn

from dirac.audio.seanet import run_in_chunks
from dirac.audio.weights import CodecError
from dirac.model_files import CheckpointError, fill, load_model

SHIPPED = Path(__file__).parent / "pretrained" / "encodec_mini"


class EncodecMini(nn.Module):
    """encode (batch, 1, time) at 24 kHz -> (batch, 128, frames) at 75 Hz; decode back.

    Long files go through in chunks, with the result of the whole. Latents are continuous, and
    trained so that the mean of two songs' latents decodes to the mean of the songs, about.
    """

    name = "encodec_mini"
    sample_rate = 24_000
    hop = 320
    frame_rate = sample_rate / hop
    n_channels = 128
    n_audio_channels = 1
    exponent = 1.0
    homogeneous = False

    def __init__(self, n_filters: int, n_residual_layers: int, ratios: list[int]) -> None:
        """ratios: strides of the decoder, first to last; the encoder's are these backwards."""
        super().__init__()
        if math.prod(ratios) != self.hop:
            raise ValueError(f"ratios must multiply to {self.hop}, got {ratios}")
        shape: dict[str, Any] = {
            "channels": self.n_audio_channels,
            "dimension": self.n_channels,
            "n_filters": n_filters,
            "n_residual_layers": n_residual_layers,
            "ratios": ratios,
            "norm": "none",
            "true_skip": True,
            "lstm": 0,
        }
        self.encoder, self.decoder = SEANetEncoder(**shape), SEANetDecoder(**shape)

    @torch.no_grad()
    def encode(self, waveform: Tensor) -> Tensor:
        return run_in_chunks(self.encoder.model, waveform)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        return run_in_chunks(self.decoder.model, latents)


def find_weights(weights: Path | None) -> Path:
    """The folder of the codec: `weights`, or None for the one that ships with dirac.

    Raises CodecError if there is none.
    """
    folder = SHIPPED if weights is None else weights
    if not (folder / "card.json").is_file():
        raise CodecError(
            f"codec.weights: there is no model in {folder}: name the folder that the stage "
            "train_codec made, or take codec.weights=null, for the one that ships with dirac"
        )
    return folder


def load_encodec_mini(weights: Path | None) -> EncodecMini:
    """The codec of a folder that train_codec made; None: the one that ships with dirac.

    Raises CodecError if the folder holds no whole model of this codec.
    """
    folder = find_weights(weights)
    try:
        state, card = load_model(folder)
        codec = EncodecMini(**card["network"])
        fill(codec, state)
    except (CheckpointError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CodecError(
            f"codec.weights: {folder} holds no whole model of encodec_mini "
            f"({str(error).splitlines()[0]}): name the folder that the stage train_codec made"
        ) from error
    return codec.eval().requires_grad_(False)

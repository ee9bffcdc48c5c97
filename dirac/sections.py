"""The sections of params.yaml but `data` and `evaluate`: their keys, and what each may be."""

import math
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dirac.section import Count, NonNegative, Positive, Section, Share

CodecName = Literal["spectrogram", "encodec_mini", "encodec_24khz", "encodec_48khz"]
Target = Literal["data", "velocity"]
BANDWIDTHS = (1.5, 3.0, 6.0, 12.0, 24.0)  # of EnCodec, kbps
HOP = 320  # samples per frame, of every codec
FRAME_RATES: dict[CodecName, int] = {  # per second
    "spectrogram": 75,
    "encodec_mini": 75,
    "encodec_24khz": 75,
    "encodec_48khz": 150,
}
LEAST_N_FFT = 1024  # of 128 bands: less leaves some without a bin


class SpectrogramCodec(Section):
    power: Annotated[float, Field(ge=0.2, le=2)]
    n_fft: Annotated[int, Field(ge=LEAST_N_FFT)]
    n_iterations: Count


class Codec(Section):
    name: CodecName
    weights: Path | None
    quantized: bool
    bandwidth: float
    dtype: Literal["float16", "float32"]
    spectrogram: SpectrogramCodec

    @property
    def frame_rate(self) -> int:
        return FRAME_RATES[self.name]

    def n_frames_of(self, seconds: float) -> int:
        """Frames of that much audio, the last of which may be filled up."""
        return math.ceil(round(seconds * self.frame_rate * HOP) / HOP)

    @model_validator(mode="after")
    def _known_bandwidth(self) -> Self:
        if self.bandwidth not in BANDWIDTHS:
            raise ValueError(f"bandwidth must be one of {', '.join(map(str, BANDWIDTHS))}")
        return self


class Encoder(Section):
    channels: Annotated[tuple[Count, ...], Field(min_length=1)]
    n_component_channels: Count
    kernel: Annotated[int, Field(ge=1, le=31)]
    bounded: bool
    noise: NonNegative

    @model_validator(mode="after")
    def _odd_kernel(self) -> Self:
        if self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        return self


class Denoiser(Section):
    channels: Annotated[tuple[Count, ...], Field(min_length=2)]
    kernels: tuple[Count, ...]
    strides: tuple[Count, ...]
    attention: tuple[bool, ...]
    n_groups: Count
    n_embedding: Annotated[int, Field(ge=4, multiple_of=2)]
    dropout: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _one_value_a_level(self) -> Self:
        n_levels = len(self.channels) - 1
        for key in ("kernels", "strides", "attention"):
            if len(getattr(self, key)) != n_levels:
                raise ValueError(f"{key} must have {n_levels} values, one fewer than channels")
        if any(kernel % 2 == 0 for kernel in self.kernels):
            raise ValueError("kernels must be odd")
        if any(width % self.n_groups for width in self.channels):
            raise ValueError(f"channels must be multiples of n_groups ({self.n_groups})")
        return self


class Model(Section):
    n_latents: Annotated[int, Field(ge=1, le=32)]
    composition: Literal["mean", "sum", "max", "min"]
    coherence: Annotated[float, Field(ge=0, le=1)]
    target: Target
    gated: bool
    encoder: Encoder
    denoiser: Denoiser


class Optimisation(Section):
    """What the trainings of the decomposition, the prior and the codec have in common."""

    n_steps: Count
    batch_size: Count
    n_frames: Annotated[int, Field(ge=16)]
    optimiser: Literal["muon", "adamw"]
    learning_rate: Positive
    weight_decay: NonNegative
    warmup_steps: Annotated[int, Field(ge=0)]
    final_rate: Share
    gradient_clip: Positive
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    log_every: Count
    validate_every: Count
    checkpoint_every_seconds: Positive
    precision: Literal["float32", "bfloat16"]
    compile: bool
    n_workers: Annotated[int, Field(ge=0)]


class CodecNetwork(Section):
    n_filters: Count
    n_residual_layers: Annotated[int, Field(ge=0)]
    ratios: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _hop_of_encodec(self) -> Self:
        if math.prod(self.ratios) != HOP:
            raise ValueError(f"ratios must multiply to {HOP}, samples per frame")
        return self


class TrainCodec(Optimisation):
    run: bool
    gain_db: NonNegative
    noise: NonNegative
    spectrum_weight: NonNegative
    network: CodecNetwork


class Anchors(Section):
    share: Annotated[float, Field(gt=0, le=1)]
    presence: Annotated[float, Field(gt=0.5, le=1)]
    n_frames: Annotated[int, Field(ge=8)]
    n_bands: Count
    lopsided: Annotated[float, Field(gt=0, le=1)]
    apart: Share
    alike: bool
    by_song: bool
    gain_db: NonNegative
    speeds: tuple[Annotated[float, Field(ge=0.5, le=2)], ...]
    speed_octaves: Annotated[float, Field(ge=0, le=1)]
    equaliser_db: NonNegative


class Train(Optimisation):
    n_processes: Literal["auto"] | Count
    objective: Literal["anchored", "paper", "supervised"]
    regression_share: Share
    masking_weight: NonNegative
    composition_share: Annotated[float, Field(gt=0, le=1)]
    interference: Annotated[float, Field(ge=0, le=1)]
    start: Path | None
    n_first_steps: Annotated[int, Field(ge=0)]
    first_learning_rate: Positive
    n_rounds: Count
    bootstrapped: Share
    anchors: Anchors


class Prior(Optimisation):
    denoiser: Denoiser
    hide_all: Share
    exchanged: bool
    target: Target


class Report(Section):
    mp3_kbps: Literal[32, 48, 64, 96, 128]

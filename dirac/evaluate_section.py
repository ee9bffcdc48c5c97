"""The section `evaluate` of params.yaml: how excerpts are taken apart and scored, and by what."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dirac.section import Count, NonNegative, Positive, Section, Share

MAX_ASSIGNMENTS = 2**16  # of parts to sources; the evaluation tries them all

# Five frames, within which copies are searched for.
Window = Annotated[float, Field(ge=0.07)]


class Sampling(Section):
    n_steps: Count
    order: Literal[1, 2]


class Mask(Section):
    n_fft: Annotated[int, Field(ge=64)]
    power: Positive


class Refinement(Section):
    n_neighbours: Count
    n_context: Annotated[int, Field(ge=0)]
    strength: Positive
    n_iterations: Annotated[int, Field(ge=0)]
    highest_hz: Positive


class Hpss(Section):
    n_fft: Annotated[int, Field(ge=64)]
    n_bins: Annotated[int, Field(ge=3)]
    n_frames: Annotated[int, Field(ge=3)]

    @model_validator(mode="after")
    def _have_a_middle(self) -> Self:
        if self.n_bins % 2 == 0 or self.n_frames % 2 == 0:
            raise ValueError("n_bins and n_frames must be odd, for a median")
        return self


class Nmf(Section):
    n_fft: Annotated[int, Field(ge=64)]
    n_components: Count
    n_iterations: Count
    kernel: Annotated[int, Field(ge=3)]


class RepetSim(Section):
    n_fft: Annotated[int, Field(ge=64)]
    n_similar: Count
    distance_seconds: NonNegative
    power: Positive


class Fourier2d(Section):
    n_fft: Annotated[int, Field(ge=64)]
    n_scales: Count
    n_rates: Count
    power: Positive


class RobustPca(Section):
    n_fft: Annotated[int, Field(ge=64)]
    sparsity: Positive
    n_iterations: Count
    power: Positive


class Bootstrap(Section):
    n_resamples: Annotated[int, Field(ge=100)]
    level: Annotated[float, Field(gt=0.5, lt=1)]


class Evaluate(Section):
    sampling: Sampling
    prior_sampling: Sampling
    n_shifts: Count
    n_processes: Count
    window_seconds: Positive
    hop_seconds: Annotated[float, Field(ge=0.01)]
    mask: Mask
    refinement: Refinement
    second_opinion: Share
    hpss: Hpss
    nmf: Nmf
    repet_sim: RepetSim
    fourier_2d: Fourier2d
    robust_pca: RobustPca
    bootstrap: Bootstrap
    n_generated: Annotated[int, Field(ge=2)]
    clip_seconds: Window
    embedding_seconds: Window
    clap: Path | None
    generated_seconds: Positive
    n_examples: Count
    n_extremes: Annotated[int, Field(ge=0)]
    n_recompositions: Annotated[int, Field(ge=0)]

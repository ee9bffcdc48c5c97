"""params.yaml, checked: what a run is made of, section by section.

Nothing here has a default: the values stand in params.yaml alone. Unknown, missing and impossible
values are errors that name the key and say what is allowed.
"""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dirac.data_section import Data
from dirac.evaluate_section import MAX_ASSIGNMENTS, Evaluate
from dirac.section import Section
from dirac.sections import LEAST_N_FFT, Codec, Model, Prior, Report, Train, TrainCodec

LEAST_KBPS_OF_48_KHZ = 32  # of MPEG-1, which this rate takes


class ParamsError(ValueError):
    """params.yaml cannot be used; the message names the keys and what is allowed."""


class Params(Section):
    """All of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]  # as scikit-learn has them
    data: Data
    codec: Codec
    train_codec: TrainCodec
    model: Model
    train: Train
    prior: Prior
    evaluate: Evaluate
    report: Report

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        model, objective = self.model, self.train.objective
        if objective != "paper" and model.composition == "min":
            raise ValueError(
                "model.composition min takes train.objective paper: remixed by their "
                "minimum, sources that are not always there are silence"
            )
        if objective == "paper" and model.target == "velocity" and model.composition != "mean":
            raise ValueError(
                "model.target velocity with train.objective paper takes "
                "model.composition mean: velocities only average"
            )
        return self

    @model_validator(mode="after")
    def _has_a_part_for_each_stem(self) -> Self:
        if self.train.objective == "supervised" and self.data.name == "folder":
            raise ValueError(
                "train.objective supervised is shown stems, of which data.name folder "
                "has none: take anchored or paper"
            )
        if self.train.objective == "supervised" and self.model.n_latents != len(self.data.sources):
            raise ValueError(
                f"train.objective supervised takes one part for each of data.sources: "
                f"model.n_latents must be {len(self.data.sources)}"
            )
        return self

    @model_validator(mode="after")
    def _has_bands_to_vary(self) -> Self:
        anchors = self.train.anchors
        if (anchors.speed_octaves or anchors.equaliser_db) and self.codec.name != "spectrogram":
            raise ValueError(
                "train.anchors.speed_octaves and equaliser_db take codec.name spectrogram: other "
                "latents have no order of frequencies. Set both to 0"
            )
        return self

    @model_validator(mode="after")
    def _speeds_differ(self) -> Self:
        speeds = self.train.anchors.speeds
        if len({1.0, *speeds}) <= len(speeds):
            raise ValueError(
                f"train.anchors.speeds {', '.join(f'{speed:g}' for speed in speeds)} must differ "
                "from 1, at which anchors play anyway, and from each other"
            )
        return self

    @model_validator(mode="after")
    def _masks_have_bands(self) -> Self:
        if self.codec.name == "spectrogram" and self.evaluate.mask.n_fft < LEAST_N_FFT:
            raise ValueError(
                f"evaluate.mask.n_fft {self.evaluate.mask.n_fft} is too short for the bands of "
                f"codec.name spectrogram: {LEAST_N_FFT} or more"
            )
        return self

    @model_validator(mode="after")
    def _crops_fit_into_excerpts(self) -> Self:
        n_frames = self.codec.n_frames_of(self.data.duration_seconds)
        crops = {"train": self.train.n_frames, "prior": self.prior.n_frames}
        for section, n_cropped in crops.items():
            if n_cropped > n_frames:
                raise ValueError(
                    f"{section}.n_frames {n_cropped} is more than the {n_frames} frames of an "
                    f"excerpt: lower it, or raise data.duration_seconds to "
                    f"{n_cropped / self.codec.frame_rate:.2f} or more"
                )
        return self

    @model_validator(mode="after")
    def _can_be_listened_to(self) -> Self:
        if self.codec.name == "encodec_48khz" and self.report.mp3_kbps <= LEAST_KBPS_OF_48_KHZ:
            raise ValueError(
                f"report.mp3_kbps {self.report.mp3_kbps} is too little for codec.name "
                f"encodec_48khz: an MP3 of its rate has more than {LEAST_KBPS_OF_48_KHZ}"
            )
        return self

    @model_validator(mode="after")
    def _can_be_assigned(self) -> Self:
        if max(len(self.data.sources), 2) ** self.model.n_latents > MAX_ASSIGNMENTS:
            raise ValueError(
                f"model.n_latents {self.model.n_latents} is too many to try all ways "
                f"to give parts to {len(self.data.sources)} sources"
            )
        return self

    @model_validator(mode="after")
    def _has_rounds_that_follow(self) -> Self:
        train = self.train
        if train.n_first_steps and train.objective != "anchored":
            raise ValueError(
                "train.n_first_steps is of train.objective anchored, whose second round takes the "
                "anchors that the model of the first hears: set it to 0"
            )
        if train.n_rounds > 1 and not (train.n_first_steps or train.start is not None):
            raise ValueError(
                "train.n_rounds counts those that go on from a model: set train.n_first_steps, or "
                "train.start, or train.n_rounds to 1"
            )
        if train.n_rounds > 1 and train.objective != "anchored":
            raise ValueError("train.n_rounds is of train.objective anchored: set it to 1")
        if train.n_first_steps and train.start is not None:
            raise ValueError(
                "train.start names a model to go on from, in place of a first round: set "
                "train.n_first_steps to 0, or train.start to null"
            )
        return self

    @model_validator(mode="after")
    def _has_a_model_to_take_mixtures_apart(self) -> Self:
        train = self.train
        has_teacher = train.n_first_steps or train.start is not None
        if train.objective == "anchored" and train.bootstrapped and not has_teacher:
            raise ValueError(
                "train.bootstrapped takes a model that takes mixtures apart: set "
                "train.n_first_steps or train.start, or train.bootstrapped to 0"
            )
        return self


def check_params(values: Any, where: str) -> Params:
    """Check the values of a params file. Raises ParamsError naming every wrong key of `where`."""
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        lines = [f"  {_key(e['loc'])}: {_reason(e)}" for e in error.errors()]
        raise ParamsError(f"{where} cannot be used:\n" + "\n".join(lines)) from None


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read and check a params file. Raises ParamsError if it is missing, not YAML or wrong."""
    try:
        values = YAML(typ="safe").load(path)
    except FileNotFoundError:
        raise ParamsError(f"{path.resolve()} is missing: run from the project's folder") from None
    except YAMLError as error:
        raise ParamsError(f"{path} is not YAML: {error}") from None
    return check_params(values, str(path))


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(the whole file)"


def _reason(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "missing":
            return "missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            return f"{error['msg']} (it is {error['input']!r})"

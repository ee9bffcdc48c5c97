"""Training steps: ours beside plain code of the same architecture and the products alone."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from floors import device, flops_of, product
from measure import Row, Work, interleaved, timed
from plain import PlainDecomposition, PlainTraining
from setting import Size, params_of
from torch import Tensor, nn

from dirac.models.decomposition import Decomposition
from dirac.models.prior import MaskedPrior
from dirac.params import Params
from dirac.training.distributed import Processes
from dirac.training.trainer import Trainer, TrainSettings

N_CHANNELS = 128
MODEL = ("objective", "regression_share", "masking_weight", "composition_share", "interference")


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Steps a second. The plain code has the paper's objective and AdamW, so that ours is measured

    by both too; a CPU takes fewer excerpts a step than the paper's 64.
    """
    default, objective = params_of(), params_of("paper-objective")
    adamw = objective.train.model_copy(update={"optimiser": "adamw"})
    like_paper = objective.model_copy(update={"train": adamw})
    paper, n_paper = params_of("paper"), size.batch_of_paper
    n = size.batch_of_default or default.train.batch_size
    frames = min(default.train.n_frames, size.n_frames_of_paper)
    yield from _compared("paper's size", paper, n_paper, size.n_frames_of_paper, size)
    yield from _compared("default size, paper's objective and AdamW", like_paper, n, frames, size)
    yield from _compared("default", default, n, frames, size)
    yield from _compared_prior("prior, paper's size", paper, n_paper, size.n_frames_of_paper, size)
    frames = min(default.prior.n_frames, 2 * frames)
    yield from _compared_prior("prior, default", default, n, frames, size)


def _compared(title: str, params: Params, batch: int, n_frames: int, size: Size) -> Iterator[Row]:
    """Ours, the plain code where it has the objective, and the products that ours needs."""
    n_signals = 1 if params.train.objective == "paper" else 1 + params.model.n_latents
    signals = torch.rand(batch, n_signals, N_CHANNELS, n_frames, device=device())
    works = _ours(partial(decomposition, params), params.train, params.seed, signals, size)
    if params.train.objective == "paper":
        torch.manual_seed(0)
        model = PlainDecomposition(N_CHANNELS, params.model.model_dump()).to(device())
        plain = PlainTraining(model, params.train.learning_rate)
        works["plain"] = partial(plain.step, signals[:, 0])
    title = f"{title}, {batch} x {n_frames}"
    ours = decomposition(params).to(device())
    yield from _rows(title, works, lambda: ours(signals)["loss"], size)


def _compared_prior(title: str, params: Params, batch: int, n_frames: int, size: Size) -> Any:
    shape = (params.model.n_latents, params.model.encoder.n_component_channels)
    prior = params.prior
    arguments = (*shape, prior.target, prior.hide_all, prior.denoiser.model_dump())
    n_views = 1 + prior.exchanged
    signals = torch.randn(batch, n_views, *shape, n_frames, device=device())
    works = _ours(partial(MaskedPrior, *arguments), prior, params.seed, signals, size)
    title = f"{title}, {batch} x {n_frames}"
    ours = MaskedPrior(*arguments).to(device())
    yield from _rows(title, works, lambda: ours(signals)["loss"], size)


def _ours(
    build: Callable[[], nn.Module], section: Any, seed: int, signals: Tensor, size: Size
) -> dict[str, Work]:
    """A step of ours as section, params.train or params.prior, has it on a GPU. On a CPU, most of

    which only imitate bfloat16, in float32 and not compiled; in bfloat16 too where asked for.
    """
    section = section.model_copy(update={"batch_size": len(signals)})
    sections = {"ours": section}
    if device().type == "cpu":
        full = section.model_copy(update={"precision": "float32", "compile": False})
        sections = {"ours": full}
        if size.bfloat16:
            sections["ours, bfloat16"] = full.model_copy(update={"precision": "bfloat16"})
    return {
        name: partial(trainer(build(), section, seed).advance, signals)
        for name, section in sections.items()
    }


def _rows(
    title: str, works: dict[str, Work], loss: Callable[[], Tensor], size: Size
) -> Iterator[Row]:
    """The first steps stand for themselves: they compile, record and take memory."""
    multiply, flops = product()
    needed = flops_of(lambda: loss().backward())
    n = size.n_steps_at_once
    repeated: dict[str, Work] = {name: partial(times, n, work) for name, work in works.items()}
    first = timed(repeated["ours"])
    yield Row("training", f"{title}: ours, at first", n, "steps/s", first)
    timings = interleaved(repeated | {"product": multiply}, size.n_repeats)
    floor = n * needed / flops * timings["product"].wall
    for name in works:
        yield Row("training", f"{title}: {name}", n, "steps/s", timings[name], "products", floor)


def times(n: int, work: Work) -> None:
    for _ in range(n):
        work()


def decomposition(params: Params) -> Decomposition:
    """As the stage makes it, for latents of the codec of params."""
    torch.manual_seed(params.seed)
    exponent = 2.0 if params.codec.name == "spectrogram" else 1.0
    chosen = {name: getattr(params.train, name) for name in MODEL}
    return Decomposition(N_CHANNELS, exponent, **chosen, **params.model.model_dump())


def trainer(model: nn.Module, section: Any, seed: int) -> Trainer:
    """section: params.train or params.prior."""
    return Trainer(model, TrainSettings.of(section, seed), Processes(0, 1, device()))

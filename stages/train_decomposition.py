"""Stage 4: the decomposition. Trains encoder and shared denoiser on mixtures alone.

With train.n_first_steps in two rounds or more: the first on anchors that statistics find, each of
train.n_rounds on those that the model of the one before hears. A gated model hears without its
denoiser, which waits for the last.

With train.objective supervised it is the upper comparator, which alone is shown true stems.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from dirac.audio.codecs import load_described
from dirac.audio.hearing import roots_of_magnitudes
from dirac.audio.spectrogram import Spectrogram
from dirac.command import behave_as_command
from dirac.data.anchors import Anchors, find_anchors, find_by_ear, tell_windows
from dirac.data.estimates import Estimates, write_estimates
from dirac.data.presences import Array, Listen
from dirac.data.registers import speeds_towards_others
from dirac.data.remixes import remix_datasets
from dirac.data.stems import StemDataset
from dirac.data.store import LatentStore, StoreMeta
from dirac.kept import keep
from dirac.model_files import CODEC, copy_model, has_model
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import begun_with, go_on, regress
from dirac.params import Params, load_params
from dirac.scratch import check_start, from_root, publish
from dirac.sections import Train
from dirac.training.batches import KeyedDataset
from dirac.training.distributed import Processes
from dirac.training.session import Session, fit, shared_session
from dirac.training.trainer import TrainSettings

LOSS = {"objective", "regression_share", "masking_weight", "composition_share", "interference"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="store of the training latents")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--codec", type=Path, help="folder of the codec, by train_codec")
    parser.add_argument("--output", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()

    params = load_params()
    stores = (arguments.train, arguments.validation)
    start = from_root(params.train.start)
    used = params.model_dump(mode="json", include={"seed", "model", "train"})
    del used["train"]["n_processes"]  # any number has the same result
    check_start("train.start", start, arguments.output)
    written, made = params.model_dump(mode="json"), LatentStore(arguments.train).meta.codec
    begun = begun_with(start, written["model"], made) if start else {}
    files = [*stores, *([start / "model.safetensors"] if start else [])]
    with shared_session("train_decomposition", used, files, written) as (session, processes):
        this = Round(session, processes, params, stores, start, arguments.codec, begun)
        for number, chosen in enumerate(earlier_rounds(params), 1):
            this = replace(this, start=train_earlier(this, number, chosen))
        finished = train(this)
        if processes.is_main:
            if has_model(arguments.codec):
                copy_model(arguments.codec, finished / CODEC)
            publish(finished, arguments.output)


@dataclass(frozen=True)
class Round:
    """stores: of training and of validation; start: folder of the weights to begin with, or None
    for new ones; codec: folder of the codec's weights, if it was trained; begun: what the card
    tells of train.start."""

    session: Session
    processes: Processes
    params: Params
    stores: Sequence[Path]
    start: Path | None
    codec: Path | None
    begun: Mapping[str, Any]


def earlier_rounds(params: Params) -> list[Train]:
    """params.train of each round but the last."""
    without_denoiser = {"regression_share": 1.0} if params.model.gated else {}
    chosen = params.train.model_copy(update=without_denoiser)
    own = {"n_steps": chosen.n_first_steps, "learning_rate": chosen.first_learning_rate}
    first = [chosen.model_copy(update=own)] if chosen.n_first_steps else []
    return first + [chosen] * (chosen.n_rounds - 1)


def train_earlier(last: Round, number: int, chosen: Train) -> Path:
    """Trains round `number` of these params.train, unless that is done -> the folder of the model.

    last: the last round, as far as it is known.
    """
    done = last.session.folder / f"model_{number}"
    if last.processes.from_main(done.exists()):
        return done
    folder = last.session.folder / f"round_{number}"
    folder.mkdir(exist_ok=True)
    session = replace(last.session, stage=f"train_round_{number}", folder=folder)
    params = last.params.model_copy(update={"train": chosen})
    finished = train(replace(last, session=session, params=params))
    if last.processes.is_main:
        finished.rename(done)  # whole: a kill while it is written leaves no half of a model to take
    last.processes.wait()
    return done


def train(this: Round) -> Path:
    """Trains for train.n_steps -> the folder of the model."""
    params, processes, stores = this.params, this.processes, this.stores
    meta = LatentStore(stores[0]).meta
    card = make_card(params, meta) | this.begun
    torch.manual_seed(params.seed)
    model = Decomposition(**card["model"])
    model.set_scale(torch.tensor(meta.rms))
    if this.start:
        go_on(model, this.start, homogeneous=meta.homogeneous)
    teacher = model.to(processes.device) if this.start else None
    training, validation = make_datasets(this, teacher)
    settings = TrainSettings.of(params.train, params.seed)
    picture = partial(draw_parts, mixture=validation[0, 0.5][:1])
    return fit(this.session, processes, model, (training, validation), settings, card, picture)


def make_datasets(this: Round, teacher: Decomposition | None) -> tuple[KeyedDataset, KeyedDataset]:
    """Training and validation data of the objective; stems for the supervised one alone."""
    chosen, n = this.params.train, this.params.model.n_latents
    level = n if this.params.model.composition == "mean" else 1  # of what sounds alone in a mixture
    if chosen.objective == "supervised":
        training, checking = (
            StemDataset(path, chosen.n_frames, chosen.anchors.gain_db, level / n)
            for path in this.stores
        )
        return training, checking
    # By one process, for all: rounding may differ between them.
    found = this.processes.from_main(find(this, teacher) if this.processes.is_main else [])
    speeds = this.processes.from_main(speeds_of(this, found) if this.processes.is_main else [])
    estimates = None
    if teacher is not None and chosen.bootstrapped and found[0]:
        estimates = Estimates(estimate(this, teacher), chosen.bootstrapped)
    crop, anchors = chosen.n_frames, chosen.anchors
    return remix_datasets(this.stores, found, crop, anchors, level, estimates, speeds)


def estimate(this: Round, teacher: Decomposition) -> LatentStore:
    """What the teacher takes out of the training mixtures, kept where the session is."""
    kept = this.session.folder / "estimates.lmdb"
    if this.processes.is_main:
        n_parts, regressed = this.params.model.n_latents, partial(regress, teacher.eval())
        write_estimates(this.stores[0], kept, n_parts, teacher.level, regressed)
    this.processes.wait()
    return LatentStore(kept)


def find(this: Round, teacher: Decomposition | None) -> list[Anchors]:
    """The anchors of each store, found once; none for the paper's objective."""
    params, stores, anchors = this.params, this.stores, this.params.train.anchors
    if params.train.objective == "paper":
        return [[] for _ in stores]

    kept = this.session.folder

    def told() -> list[tuple[Array, Array]]:
        n_sources, listen = params.model.n_latents, make_listener(this)
        return tell_windows(stores, n_sources, anchors, params.seed, listen, kept)

    @cache
    def found() -> list[Anchors]:
        if teacher is None:
            return [find_anchors(*windows, anchors) for windows in told()]
        by_statistics = told() if anchors.lopsided < 1 else None
        regressed = partial(regress, teacher.eval())
        listen = make_listener(this) if anchors.alike else None
        return find_by_ear(stores, teacher.level, regressed, anchors, by_statistics, listen, kept)

    def anchors_of(number: int, source: int) -> Array:
        path = kept / f"anchors-{number}-{source}.npy"
        return keep(path, lambda: torch.from_numpy(found()[number][source])).numpy()

    sources = range(params.model.n_latents)
    return [[anchors_of(number, source) for source in sources] for number in range(len(stores))]


def speeds_of(this: Round, found: Sequence[Anchors]) -> list[tuple[float, ...]]:
    """At which the training anchors of each source are played besides their own."""
    anchors = this.params.train.anchors
    if not anchors.speeds:  # a listener may need weights that are not there
        return [() for _ in found[0]]
    window, speeds = anchors.n_frames, anchors.speeds
    return speeds_towards_others(this.stores[0], found[0], window, speeds, make_listener(this))


def make_listener(this: Round) -> Listen:
    """What the latents of the stores sound like."""
    made, elsewhere = LatentStore(this.stores[0]).meta.codec, this.params.codec.weights
    own = this.codec if has_model(this.codec) else None
    codec = load_described(made, own or from_root(elsewhere))
    settings, device = SimpleNamespace(**made["spectrogram"]), this.processes.device
    spectrogram = Spectrogram(settings.power, settings.n_fft, settings.n_iterations)
    if isinstance(codec, nn.Module):
        codec.to(device)
    listen = partial(roots_of_magnitudes, codec=codec, spectrogram=spectrogram.to(device))
    return lambda latents: listen(latents.to(device))


@torch.no_grad()
def draw_parts(model: Decomposition, mixture: Tensor) -> Tensor:
    """A mixture (1, channels, frames) and its parts side by side: (channels, frames together)."""
    mixture = mixture.to(model.scale.device)
    parts = model.regress(model.encode(mixture))[0]
    return torch.cat([*mixture, *parts], dim=1).cpu()


def make_card(params: Params, meta: StoreMeta) -> dict[str, Any]:
    """All one needs to build the model, feed it and know where it comes from."""
    return {
        "model": {
            "n_channels": meta.n_channels,
            "exponent": meta.exponent,
            **params.train.model_dump(include=LOSS),
            **params.model.model_dump(mode="json"),
        },
        "codec": meta.codec,
        "sample_rate": meta.sample_rate,
        "frame_rate": meta.frame_rate,
        "n_frames": params.train.n_frames,
        "saw_stems": params.train.objective == "supervised",
        "data": meta.data_name,
        "sources": list(meta.sources),
        "params": params.model_dump(mode="json", include={"seed", "model", "train"}),
    }


if __name__ == "__main__":
    behave_as_command()
    main()

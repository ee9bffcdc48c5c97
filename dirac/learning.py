"""A model hears songs before it takes them apart, and learns from their mixtures alone.

It goes on from what it knows, as the stage train_decomposition does with train.start: windows in
which it hears little else than one part are anchors, what it takes out of the songs are estimates,
and remixes of both must come apart into what they were mixed from. Sounds of these very songs are
then known sounds. A part may also turn over and take another's: `moved` tells.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from dirac.audio.codecs import Codec
from dirac.data.anchors import additive, find_by_ear, take_apart
from dirac.data.caching import ExcerptLatents, Selection, cache_split
from dirac.data.estimates import Estimates, write_estimates
from dirac.data.presences import Array
from dirac.data.remixes import RemixDataset, remix_datasets
from dirac.data.store import LatentStore
from dirac.data.tracks import Track, excerpts_of
from dirac.data_section import MIXTURE
from dirac.model_files import load_model
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import go_on, regress
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes
from dirac.training.loop import Run, train
from dirac.training.tracking import NullTracker
from dirac.training.trainer import TrainSettings

SILENCE_DB = -50.0  # mixtures below it teach nothing
BOOTSTRAPPED = 0.5  # share of the sources in remixes that are estimates
# Of the training, whatever the model was trained by: remixes interfere, where latents do not just
# add, and shares of a remix are judged in decibels.
OBJECTIVE = {
    "objective": "anchored",
    "coherence": 0.0,
    "interference": 0.5,
    "masking_weight": 0.2,
    "composition_share": 0.25,
}


OF_WEIGHTS = ("format", "sha256", "packed", "scores")  # in a card
TURNED_OVER = 0.15  # share of a song's power that is somewhere else than before


class LearningError(ValueError):
    """Songs, or a model, of which nothing can be learnt; the message says why."""


@dataclass(frozen=True)
class OwnAnchors:
    """Settings of anchors (`data.anchors.AnchorSettings`) in a few songs."""

    speed_octaves: float = 0.0
    equaliser_db: float = 0.0
    share: float = 0.05
    presence: float = 0.98
    n_frames: int = 64
    n_bands: int = 16
    lopsided: float = 1.0
    gain_db: float = 10.0


def lesson(n_steps: int, seed: int) -> TrainSettings:
    """The training on a few songs: short, at half of the rate that suits a second round."""
    return TrainSettings(
        seed=seed,
        n_steps=n_steps,
        batch_size=16,
        optimiser="muon",
        learning_rate=1e-3,
        weight_decay=0.01,
        warmup_steps=10,
        final_rate=0.05,
        gradient_clip=1.0,
        ema_decay=0.999,
        log_every=10,
        validate_every=n_steps,
        checkpoint_every_seconds=60,
        precision="float32",
        compile=False,
        n_workers=0,
    )


def cache_songs(
    songs: Sequence[Track], seconds: float, codec: Codec, described: Mapping[str, Any], path: Path
) -> None:
    """The store of the mixtures of songs, in excerpts of so many seconds.

    codec: on the CPU; described: as in the card of a model. Goes on where a killed call stopped.
    Raises AudioError or DataError for a song that cannot be read, or where all are silent.
    """
    excerpts = [excerpt for song in songs for excerpt in excerpts_of(song, seconds)]
    selection = Selection((MIXTURE,), seconds, SILENCE_DB, drop_silent_sources=False, source_rms=0)
    latents = ExcerptLatents(songs, excerpts, codec, selection, described["dtype"])
    n_processes, settings = torch.get_num_threads(), dict(described)

    def write(beside: Path) -> None:
        cache_split(latents, beside, n_processes, data_name="songs", codec_settings=settings)

    _whole(path, write)


def learn(
    start: Path,
    heard: Path,
    folder: Path,
    settings: TrainSettings,
    fingerprint: str,
    device: torch.device,
) -> tuple[Decomposition, dict[str, Any]]:
    """The model in `start` goes on with the mixtures of the store `heard` -> what it has become, in

    evaluation mode, and its card: that of `start`, without what was said of its weights, with the
    objective that it was trained by last.

    folder: keeps the state, for a killed call to go on there; fingerprint: of all that the result
    depends on. Raises LearningError for a model of the paper's objective, AnchorError where nothing
    sounds, and as `training.loop.train`.
    """
    card = load_model(start)[1]
    if card["model"]["objective"] == "paper":
        raise LearningError(
            f"the model in {start} has the paper's objective, which knows no anchors: of a few "
            "songs it cannot learn"
        )
    card = {name: value for name, value in card.items() if name not in OF_WEIGHTS}
    card["model"] = card["model"] | OBJECTIVE
    store = LatentStore(heard)
    model = Decomposition.of_card(card["model"])
    model.set_scale(torch.tensor(store.meta.rms))
    go_on(model, start, homogeneous=store.meta.homogeneous)
    datasets = _remixes(deepcopy(model).eval().to(device), heard, folder, card)
    run = Run(Processes(0, 1, device), Checkpoint(folder, fingerprint), NullTracker())
    trained = train(model, *datasets, settings, run).model
    assert isinstance(trained, Decomposition)
    return trained.eval(), card


def moved(before: Decomposition, after: Decomposition, heard: Path) -> dict[str, float]:
    """Of each song (its track's name) the share of its power that is in another part than before.

    More than about TURNED_OVER, and a part may be another instrument's.
    """
    store = LatentStore(heard)
    total: dict[str, float] = defaultdict(float)
    elsewhere: dict[str, float] = defaultdict(float)
    for index in tqdm(range(len(store)), "comparing", unit="excerpt"):
        power = np.square(additive(store, store.mixture(index)))
        old, new = (_shares(model, store, index) for model in (before, after))
        song = store.meta.excerpts[index].track
        total[song] += float(power.sum())
        elsewhere[song] += float((power * np.abs(new - old).sum(axis=0)).sum()) / 2
    return {song: elsewhere[song] / total[song] for song in total}


def _remixes(
    teacher: Decomposition, heard: Path, folder: Path, card: Mapping[str, Any]
) -> tuple[RemixDataset, RemixDataset]:
    """What the model trains on and is judged on: of what it hears in the songs, before it learns.

    Anchors and estimates are those of the untouched model, also after a kill.
    """
    ordered = card["codec"]["name"] == "spectrogram"  # frequencies have an order to move along
    anchors = OwnAnchors(speed_octaves=0.2, equaliser_db=4.0) if ordered else OwnAnchors()
    listen = partial(regress, teacher)
    [found] = find_by_ear([heard], teacher.level, listen, anchors)
    n_parts = teacher.n_latents
    taken_out = folder / "estimates.lmdb"
    _whole(taken_out, lambda path: write_estimates(heard, path, n_parts, teacher.level, listen))
    estimates = Estimates(LatentStore(taken_out), BOOTSTRAPPED)
    level = n_parts if teacher.composition == "mean" else 1
    stores, crop = (heard, heard), card["n_frames"]
    return remix_datasets(stores, (found, found), crop, anchors, level, estimates)


def _whole(path: Path, write: Callable[[Path], None]) -> None:
    """Writes a store beside its place, goes on there if it was killed, and moves it: one that is

    being read is never opened to write.
    """
    if not path.exists():
        beside = path.with_suffix(".partial")
        write(beside)
        beside.replace(path)


def _shares(model: Decomposition, store: LatentStore, index: int) -> Array:
    """Of the parts in an excerpt's power, (parts, channels, frames)."""
    parts = take_apart(store, index, model.level, partial(regress, model))[1]
    power = np.square(additive(store, parts))
    shares: Array = power / power.sum(axis=0).clip(1e-12)
    return shares

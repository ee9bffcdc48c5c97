"""A model hears songs before it takes them apart, and learns from their mixtures alone.

It goes on from what it knows, as the stage train_decomposition does with train.start: windows in
which it hears little else than one part are anchors, what it takes out of the songs are estimates,
and remixes of both must come apart into what they were mixed from. Sounds of these very songs are
then known sounds.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from dirac.data.anchors import find_by_ear
from dirac.data.estimates import Estimates, write_estimates
from dirac.data.remixes import RemixDataset, remix_datasets
from dirac.data.store import LatentStore
from dirac.learning.whole import whole
from dirac.model_files import load_model
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import go_on, regress
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes
from dirac.training.loop import Run, train
from dirac.training.tracking import NullTracker
from dirac.training.trainer import TrainingError, TrainSettings

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
    apart: float = 0.0
    by_song: bool = False
    gain_db: float = 10.0


def shortest_seconds(card: Mapping[str, Any]) -> float:
    """Of a song that the model of this card can hear: two crops of its training, and a window."""
    n_frames = max(2 * card["n_frames"], OwnAnchors.n_frames)
    seconds: float = n_frames / card["frame_rate"]
    return seconds


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


def check_objective(start: Path) -> None:
    """Raises LearningError for a model of the paper's objective."""
    if load_model(start)[1]["model"]["objective"] == "paper":
        raise LearningError(
            f"the model in {start} has the paper's objective, which knows no anchors: of a few "
            "songs it cannot learn"
        )


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
    depends on. Raises LearningError as `check_objective`, or where the training diverges,
    AnchorError where nothing sounds, CheckpointError for a full disk.
    """
    check_objective(start)
    card = load_model(start)[1]
    card = {name: value for name, value in card.items() if name not in OF_WEIGHTS}
    card["model"] = card["model"] | OBJECTIVE
    store = LatentStore(heard)
    model = Decomposition.of_card(card["model"])
    model.set_scale(torch.tensor(store.meta.rms))
    go_on(model, start, homogeneous=store.meta.homogeneous)
    datasets = _remixes(deepcopy(model).eval().to(device), heard, folder, card)
    run = Run(Processes(0, 1, device), Checkpoint(folder, fingerprint), NullTracker())
    try:
        trained = train(model, *datasets, settings, run).model
    except TrainingError as error:
        raise LearningError(
            f"nothing is learnt of these songs, their {error.what}, and there is no new model: "
            "take other songs, fewer --steps or another --seed"
        ) from error
    assert isinstance(trained, Decomposition)
    return trained.eval(), card


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
    whole(taken_out, lambda path: write_estimates(heard, path, n_parts, teacher.level, listen))
    estimates = Estimates(LatentStore(taken_out), BOOTSTRAPPED)
    level = n_parts if teacher.composition == "mean" else 1
    stores, crop = (heard, heard), card["n_frames"]
    return remix_datasets(stores, (found, found), crop, anchors, level, estimates)

"""A training from its first step to the finished model on disk: what the training stages share."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from dirac.model_files import load_model, save_model, write_rows
from dirac.scratch import fingerprint, project_root, work_folder
from dirac.training.batches import KeyedDataset
from dirac.training.checkpoint import Checkpoint
from dirac.training.distributed import Processes, distributed
from dirac.training.loop import Run, train
from dirac.training.tracking import Tracker, track
from dirac.training.trainer import TrainSettings

Picture = Callable[[Any], Tensor]


@dataclass(frozen=True)
class Session:
    """Where a training keeps its state, and as what it is tracked.

    folder: survives a kill; params: all of params.yaml, nested; root: of the tracking store.
    """

    stage: str
    folder: Path
    fingerprint: str
    params: Mapping[str, object]
    root: Path


@contextmanager
def shared_session(
    stage: str, used: Mapping[str, object], files: Iterable[Path], params: Mapping[str, object]
) -> Iterator[tuple[Session, Processes]]:
    """The session of a stage, in its work folder, and the processes that share it.

    used, files: all that determines the result, as for `fingerprint`, which the main process makes
    for all: it reads whole stores. params: all of params.yaml, nested. Raises as `fingerprint` and
    `distributed`.
    """
    with distributed() as processes:
        key = processes.from_main(fingerprint(used, files) if processes.is_main else "")
        with work_folder(stage, key) as folder:
            processes.wait()  # until the folder is ours
            yield Session(stage, folder, key, params, project_root()), processes


def fit(
    session: Session,
    processes: Processes,
    model: nn.Module,
    datasets: tuple[KeyedDataset, KeyedDataset],
    settings: TrainSettings,
    card: Mapping[str, object],
    picture: Picture | None = None,
) -> Path:
    """Trains, or goes on where it was killed -> the folder of the finished model.

    In it: model.safetensors and card.json of the averaged weights, history.csv, validation.csv.
    datasets: training, validation. picture: what the averaged model makes of something, (height,
    width), tracked as a picture at each validation. All processes call it alike; the folder is
    complete when it returns.
    """
    finished = session.folder / "model"
    with track(
        session.stage, session.params, session.root, session.folder, processes.is_main
    ) as tracker:

        def show(average: nn.Module, step: int) -> None:
            if picture is not None:
                _track_picture(tracker, session.folder / f"parts-{step:07d}.png", picture(average))

        run = Run(
            processes, Checkpoint(session.folder, session.fingerprint, session.params), tracker
        )
        trained = train(model, *datasets, settings, run, show)
        if processes.is_main:
            n_parameters = sum(parameter.numel() for parameter in model.parameters())
            save_model(finished, trained.model.state_dict(), {**card, "n_parameters": n_parameters})
            write_rows(finished / "history.csv", trained.history)
            write_rows(finished / "validation.csv", trained.validation)
            name = session.stage.removeprefix("train_")
            tracker.tag(f"sha256.{name}", load_model(finished)[1]["sha256"])
            last = {f"{session.stage}/{name}": x for name, x in trained.validation[-1].items()}
            tracker.summary(last | {f"{session.stage}/n_parameters": float(n_parameters)})
        processes.wait()
    return finished


def _track_picture(tracker: Tracker, path: Path, picture: Tensor) -> None:
    from matplotlib.image import imsave

    imsave(path, picture.numpy(), cmap="magma", origin="lower")
    tracker.artifact(path)
    path.unlink()

"""What a stage tells MLflow. Losing the tracking never loses, or delays, the work."""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dirac.training import tracking_store as store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

METRICS_PER_CALL = 500  # one call for each value would cost 24 ms; MLflow takes 1000 at most


class Tracker(Protocol):
    """Where a stage reports to."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Values of a step; sent later, many at once."""

    def summary(self, metrics: Mapping[str, float]) -> None:
        """Final values: for the stage and for its experiment, where the UI compares them."""

    def artifact(self, path: Path) -> None:
        """A file to keep with the stage."""

    def exhibit(self, path: Path) -> None:
        """A file or a folder to keep with the experiment, where one looks first."""

    def tag(self, name: str, value: str) -> None:
        """A word about the stage and its experiment."""

    def flush(self) -> None:
        """Sends what waits."""


class NullTracker:
    """Tells nobody: for all processes but the main one, and where tracking is out of reach."""

    def log(self, step: int, metrics: Mapping[str, float]) -> None: ...
    def summary(self, metrics: Mapping[str, float]) -> None: ...
    def artifact(self, path: Path) -> None: ...
    def exhibit(self, path: Path) -> None: ...
    def tag(self, name: str, value: str) -> None: ...
    def flush(self) -> None: ...


class MlflowTracker:
    """Tells a run of MLflow and, at the end, its parent.

    The first call that fails is warned about and is the last: the stage goes on untracked.
    """

    def __init__(self, client: "MlflowClient", run_id: str, parent_id: str) -> None:
        self.run_id, self.parent_id = run_id, parent_id
        self.uri = client.tracking_uri
        self._client = client
        self._lost = False
        self._waiting: list[Metric] = []
        self._n_dropped = 0

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        self._waiting += self._finite(step, metrics)
        if len(self._waiting) >= METRICS_PER_CALL:
            self.flush()

    def summary(self, metrics: Mapping[str, float]) -> None:
        finite = self._finite(0, metrics)
        for run_id in (self.run_id, self.parent_id):
            self._send(run_id, finite)

    def artifact(self, path: Path) -> None:
        self._attempt(self._client.log_artifact, self.run_id, str(path))

    def exhibit(self, path: Path) -> None:
        if path.is_dir():
            self._attempt(self._client.log_artifacts, self.parent_id, str(path), path.name)
        else:
            self._attempt(self._client.log_artifact, self.parent_id, str(path))

    def tag(self, name: str, value: str) -> None:
        for run_id in (self.run_id, self.parent_id):
            self._attempt(self._client.set_tag, run_id, name, value)

    def flush(self) -> None:
        self._send(self.run_id, self._waiting)
        self._waiting = []

    def close(self, status: str) -> None:
        """Sends the rest and sets the status of both runs: FINISHED, FAILED or KILLED."""
        self.flush()
        if self._n_dropped:
            self.tag("dirac.n_non_finite_dropped", str(self._n_dropped))
        for run_id in (self.run_id, self.parent_id):
            self._attempt(self._client.set_terminated, run_id, status)

    def _finite(self, step: int, metrics: Mapping[str, float]) -> "list[Metric]":
        # MLflow would make 1.8e308 of an infinity.
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        self._n_dropped += len(metrics) - len(finite)
        return [Metric(name, float(value), now, step) for name, value in finite.items()]

    def _send(self, run_id: str, metrics: "list[Metric]") -> None:
        for chunk in store.chunks(metrics, METRICS_PER_CALL):
            self._attempt(self._client.log_batch, run_id, chunk)

    def _attempt(self, call: Callable[..., object], *arguments: object) -> None:
        if self._lost:
            return
        try:
            call(*arguments)
        except _failures() as error:
            self._lost = True
            _warn(error, self.uri)


@contextmanager
def track(
    stage: str,
    params: Mapping[str, object],
    root: Path,
    folder: Path | None = None,
    is_main: bool = True,
) -> Iterator[Tracker]:
    """A tracker for a stage, while it runs.

    params: all of params.yaml, nested as there; together with the DVC experiment's name they say
    to which experiment the stage belongs. root: the project's folder, for the local store.
    folder: where the run's id is kept, so that a killed stage goes on with the same run.
    """
    tracker = _open(stage, params, root.resolve(), folder) if is_main else None
    if tracker is None:
        yield NullTracker()
        return
    status = "FAILED"
    try:
        with _system_metrics(tracker.run_id, tracker.uri):
            yield tracker
        status = "FINISHED"
    except (SystemExit, KeyboardInterrupt):
        status = "KILLED"
        raise
    finally:
        tracker.close(status)


@contextmanager
def _system_metrics(run_id: str, uri: str) -> Iterator[None]:
    """Processor, memory, disk, network and GPU by the clock, as system/*; a thread of MLflow's.

    MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL, in seconds, is 10 if it is not set.
    """
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, resume_logging=True, tracking_uri=uri)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def _open(
    stage: str, params: Mapping[str, object], root: Path, folder: Path | None
) -> MlflowTracker | None:
    store.configure()
    from mlflow import MlflowClient

    note = folder / "mlflow_run" if folder else None
    known = note.read_text().strip() if note and note.exists() else None
    try:
        client = MlflowClient(store.tracking_uri(root))
        with store.lock(root):
            experiment = store.experiment_id(client)
            parent = store.parent_run(client, experiment, params)
            run_id = store.stage_run(client, parent, stage, params, known)
    except _failures() as error:
        _warn(error, store.uri_of(root))
        return None
    if note:
        note.write_text(run_id)
    return MlflowTracker(client, run_id, parent)


def _failures() -> tuple[type[Exception], ...]:
    """What is raised where MLflow is out of reach: by itself, the network, a disk, a database."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, OSError, SQLAlchemyError


def _warn(error: Exception, uri: str) -> None:
    # SQLAlchemy may begin with a line of advice to programmers.
    lines = [line for line in str(error).splitlines() if not line.startswith("(raised as")]
    reason = lines[0] if lines else type(error).__name__
    said = f"MLflow is out of reach, going on untracked: {reason[:300]}"
    # Others may hold a password, and their errors name the host.
    warnings.warn(f"{said} ({uri})" if uri.startswith("sqlite:") else said, stacklevel=3)

"""Where MLflow keeps its records, and the one run per experiment under which the stages stand."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import requests
from filelock import FileLock

from dirac.training import provenance

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "dirac"
DATABASE = "mlflow.db"
PROBE_SECONDS = 3.0
LOCK_SECONDS = 60.0  # creating the store takes seconds, on a busy disk ten
PARAMS_PER_CALL = 100  # MLflow's limit


def configure() -> None:
    """Settings that MLflow reads from the environment; what the user has set there stays.

    Without them a server that is down costs four minutes a call, and what the tracker says in one
    sentence follows a stack that MLflow has printed.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "CRITICAL")


def tracking_uri(root: Path) -> str:
    """MLFLOW_TRACKING_URI, or a local database at root/mlflow.db, made if there is none.

    Raises ConnectionError if it names a server that does not answer within a few seconds.
    """
    uri = uri_of(root)
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        _make_local_store(root)
    elif uri.startswith(("http://", "https://")) and not answers(uri, PROBE_SECONDS):
        raise ConnectionError(f"no answer from {uri} (MLFLOW_TRACKING_URI)")
    return uri


def uri_of(root: Path) -> str:
    """As `tracking_uri`, whether it is there or not."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / DATABASE}"


def answers(uri: str, seconds: float) -> bool:
    """Whether a web server answers there in time, looking up its name included."""
    found: list[bool] = []

    def ask() -> None:
        try:
            found.append(requests.get(uri, timeout=seconds, stream=True).status_code < 500)
        except OSError:  # every error of requests is one
            found.append(False)

    # No time-out covers the look-up of a name, so it is waited for from outside.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found == [True]


def lock(root: Path) -> FileLock:
    """Held by whoever creates the store or looks for a run that may have to be made."""
    (root / "mlruns").mkdir(parents=True, exist_ok=True)
    return FileLock(root / "mlruns" / ".lock", timeout=LOCK_SECONDS)


def _make_local_store(root: Path) -> None:
    # Two processes that create the tables at once break the database for good; and a process that
    # is killed meanwhile must not leave half of them.
    from mlflow import MlflowClient

    database = root / DATABASE
    with lock(root):
        if not database.exists():
            temporary = root / "mlruns" / f"{DATABASE}.partial"
            temporary.unlink(missing_ok=True)
            client = MlflowClient(f"sqlite:///{temporary}")
            client.create_experiment(EXPERIMENT, (root / "mlruns").as_uri())
            temporary.replace(database)


def experiment_id(client: "MlflowClient") -> str:
    """The id of our experiment; call it with the lock held."""
    found = client.get_experiment_by_name(EXPERIMENT)
    return str(found.experiment_id if found else client.create_experiment(EXPERIMENT))


def parent_run(client: "MlflowClient", experiment: str, params: Mapping[str, object]) -> str:
    """The run of this DVC experiment and these params, made if there is none; lock held."""
    flat = provenance.flatten(params)
    name = os.environ.get("DVC_EXP_NAME", "")
    text = json.dumps([name, flat], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    found = client.search_runs([experiment], f"tags.`dirac.key` = '{key}'", max_results=1)
    if found:
        run_id = str(found[0].info.run_id)
        client.update_run(run_id, status="RUNNING")
    else:
        run_id = _new_run(client, experiment, name or f"repro-{key[:8]}", {"dirac.key": key}, flat)
    for tag, value in (revision_tags() | how_to(params)).items():
        client.set_tag(run_id, tag, value)
    if patch := provenance.changes():
        client.log_text(run_id, patch, "changes.patch")
    return run_id


def stage_run(
    client: "MlflowClient", parent: str, stage: str, params: Mapping[str, object], known: str | None
) -> str:
    """A child of the parent for a stage, or the killed one (known), which goes on; lock held."""
    from mlflow.exceptions import MlflowException

    versions = provenance.versions(stage)
    for tag, value in versions.items():
        client.set_tag(parent, tag, value)
    if known is not None:
        try:
            client.update_run(known, status="RUNNING")
            client.set_tag(known, "mlflow.parentRunId", parent)
        except MlflowException:
            pass  # kept on another server, or deleted since: begin a new one
        else:
            return known
    tags = {"mlflow.parentRunId": parent, "dirac.stage": stage, **revision_tags(), **versions}
    experiment = client.get_run(parent).info.experiment_id
    return _new_run(client, experiment, stage, tags, provenance.flatten(params))


def _new_run(
    client: "MlflowClient",
    experiment: str,
    name: str,
    tags: Mapping[str, str],
    params: Mapping[str, str],
) -> str:
    from mlflow.entities import Param

    run_id = str(client.create_run(experiment, tags=dict(tags), run_name=name).info.run_id)
    for chunk in chunks([Param(key, value) for key, value in params.items()], PARAMS_PER_CALL):
        client.log_batch(run_id, params=chunk)
    return run_id


def revision_tags() -> dict[str, str]:
    """The DVC experiment's name, the git revision, and whether the code is still that."""
    revision = provenance.revision()
    tags = {"dvc.exp_name": os.environ.get("DVC_EXP_NAME"), "mlflow.source.git.commit": revision}
    if revision:
        tags["dirac.dirty"] = str(provenance.is_dirty()).lower()
    return {name: value for name, value in tags.items() if value}


def how_to(params: Mapping[str, object]) -> dict[str, str]:
    """How to make the run again, as a tag and as the description that its page begins with."""
    command = provenance.command(params)
    changed = (
        ""
        if not provenance.is_dirty()
        else (
            "\n\nThe code had been changed since that revision: apply `changes.patch`, beside the "
            "artifacts, before."
        )
    )
    note = f"To make this run again, in a clone of the project:\n\n    {command}{changed}"
    return {"dirac.command": command, "mlflow.note.content": note}


def chunks(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[first : first + size] for first in range(0, len(values), size)]

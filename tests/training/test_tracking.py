"""Tracking: stages of one experiment stand together, and losing the server loses nothing."""

import multiprocessing
import socket
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from dirac.training import provenance, tracking_store
from dirac.training.tracking import MlflowTracker, NullTracker, Tracker, track

PARAMS = {"seed": 0, "model": {"n_latents": 2, "channels": (1, 2)}}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder whose store is there already: making one takes seconds."""
    root = tmp_path_factory.mktemp("project")
    tracking_store.configure()
    tracking_store.tracking_uri(root)
    return root


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)


def runs_of(root: Path, **params: object) -> dict[str, Any]:
    """By name, those that have these params."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    experiment = client.get_experiment_by_name("dirac")
    assert experiment is not None
    wanted = provenance.flatten(params)
    return {
        run.info.run_name: run
        for run in client.search_runs([experiment.experiment_id])
        if wanted.items() <= run.data.params.items()
    }


def use(stage: str, params: dict[str, Any], root: Path, folder: Path | None, end: Any) -> Tracker:
    """A stage that logs a little and then ends well (None) or by raising `end`."""
    with track(stage, params, root, folder) as tracker:
        tracker.log(1, {"loss": 0.5})
        tracker.summary({"final": 0.5})
        if end is not None:
            raise end
    return tracker


def test_stages_stand_under_their_experiment(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "loud-wolf")
    page = tmp_path / "page.html"
    page.write_text("hello")
    with track("train", PARAMS, root) as tracker:
        tracker.log(1, {"loss": 0.5, "odd": float("nan")})
        tracker.log(2, {"loss": 0.25, "odd": float("inf")})
    with track("evaluate", PARAMS, root) as tracker:
        tracker.summary({"si_sdr/drums": 6.5})
        tracker.artifact(page)
        tracker.exhibit(page)
        tracker.exhibit(page.parent)
        tracker.tag("device", "cpu")
    runs = runs_of(root, **PARAMS)
    assert runs.keys() == {"loud-wolf", "train", "evaluate"}
    parent, training, evaluation = runs["loud-wolf"], runs["train"], runs["evaluate"]
    assert all(run.info.status == "FINISHED" for run in runs.values())
    for run in runs.values():
        assert run.data.params == {
            "seed": "0",
            "model.n_latents": "2",
            "model.channels": "[1, 2]",
        }
        assert run.data.tags["dvc.exp_name"] == "loud-wolf"
    for child in (training, evaluation):
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert training.data.metrics == {"loss": 0.25}
    assert training.data.tags["dirac.n_non_finite_dropped"] == "2"
    assert parent.data.metrics == evaluation.data.metrics == {"si_sdr/drums": 6.5}
    assert evaluation.data.tags["device"] == parent.data.tags["device"] == "cpu"
    kept = root / "mlruns" / evaluation.info.run_id / "artifacts" / "page.html"
    assert kept.read_text() == "hello"
    shown = root / "mlruns" / parent.info.run_id / "artifacts"
    assert (shown / "page.html").exists()
    assert (shown / tmp_path.name / "page.html").exists()


def test_the_machine_is_measured_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    metrics: dict[str, float] = {}
    for seconds in (0.5, 5, 50):  # as long as it takes a busy machine
        if not metrics:
            with track("train", {"run": seconds}, root):
                time.sleep(seconds)
            metrics = runs_of(root, run=seconds)["train"].data.metrics
    assert metrics["system/system_memory_usage_megabytes"] > 0
    assert "system/cpu_utilization_percentage" in metrics


def test_its_page_says_how_to_make_a_run_again(root: Path) -> None:
    use("train", {"run": "told"}, root, None, None)
    (parent,) = (r for name, r in runs_of(root, run="told").items() if name != "train")
    command = parent.data.tags["dirac.command"]
    assert "dvc" in command
    assert command in parent.data.tags["mlflow.note.content"]


def test_a_killed_stage_goes_on_with_its_run(root: Path, tmp_path: Path) -> None:
    killed, changed = ({"run": "killed", "evaluate": number} for number in (1, 2))
    with pytest.raises(SystemExit):
        use("train", killed, root, tmp_path, SystemExit(143))
    assert {run.info.status for run in runs_of(root, **killed).values()} == {"KILLED"}
    # Meanwhile another section was changed: the stage is the same, its experiment is not.
    with track("train", changed, root, tmp_path) as tracker:
        tracker.log(2, {"loss": 0.25})
    runs = runs_of(root, run="killed")
    assert len(runs) == 3
    assert runs["train"].info.status == "FINISHED"
    assert runs["train"].data.metrics == {"loss": 0.25, "final": 0.5}
    (parent,) = runs_of(root, **changed).values()
    assert runs["train"].data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_failure_is_seen_and_passes_through(root: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        use("train", {"run": "failed"}, root, None, ZeroDivisionError())
    assert {run.info.status for run in runs_of(root, run="failed").values()} == {"FAILED"}


def test_a_server_that_is_down_costs_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound, so nobody else takes it, but not listening
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed.getsockname()[1]}")
        began = time.monotonic()
        with pytest.warns(UserWarning, match="going on untracked: no answer"):
            tracker = use("train", PARAMS, tmp_path, None, None)
    assert isinstance(tracker, NullTracker)
    assert time.monotonic() - began < 30


def test_a_store_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("a file where a folder should be")
    with pytest.warns(UserWarning, match="going on untracked"):
        use("train", PARAMS, tmp_path, None, None)


def test_a_store_that_may_only_be_read_is_told_as_that(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = f"sqlite:///file:{root}/mlflow.db?mode=ro&uri=true"  # to root as well
    use("train", PARAMS, root, None, None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    told = r"untracked: \(sqlite3.OperationalError\) attempt to write a readonly database"
    with pytest.warns(UserWarning, match=told):
        use("train", PARAMS, root, None, None)


def test_a_store_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database")
    with pytest.warns(UserWarning, match=r"going on untracked: .*not a database.*mlflow\.db"):
        tracker = use("train", PARAMS, tmp_path, None, None)
    assert isinstance(tracker, NullTracker)
    assert (tmp_path / "mlflow.db").read_text() == "no database"


def test_a_server_lost_on_the_way_is_asked_no_more() -> None:
    class Lost:
        n_calls = 0

        def log_batch(self, run_id: str, metrics: list[Any]) -> None:
            self.n_calls += 1
            raise ConnectionError("gone")

        tracking_uri = ""

        def set_terminated(self, run_id: str, status: str) -> None:
            self.n_calls += 1

    lost = Lost()
    tracker = MlflowTracker(lost, "run", "parent")  # type: ignore[arg-type]
    tracker.log(1, {"loss": 0.5})
    with pytest.warns(UserWarning, match="going on untracked: gone"):
        tracker.flush()
    tracker.summary({"loss": 0.5})
    tracker.close("FINISHED")
    assert lost.n_calls == 1


def test_four_processes_create_the_store_at_once(root: Path, tmp_path: Path) -> None:
    # Forked where MLflow is imported already, which saves seconds.
    context = multiprocessing.get_context("fork")
    together = context.Barrier(4)

    def stage(name: str) -> None:
        together.wait()
        warnings.simplefilter("error", UserWarning)  # being untracked is one
        with track(name, PARAMS, tmp_path) as tracker:
            tracker.summary({name: 1.0})

    processes = [context.Process(target=stage, args=(name,)) for name in "abcd"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    runs = runs_of(tmp_path)
    assert len(runs) == 5
    (parent,) = (run for name, run in runs.items() if name not in "abcd")
    assert parent.data.metrics.keys() == set("abcd")


def test_other_processes_track_nothing(tmp_path: Path) -> None:
    with track("train", PARAMS, tmp_path, is_main=False) as tracker:
        tracker.log(1, {"loss": 0.5})
    assert list(tmp_path.iterdir()) == []

"""The pieces of the tracking that need no MLflow."""

import os
import socket
import time

import pytest

from dirac.training import tracking_store


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        assert not tracking_store.answers(f"http://127.0.0.1:{silent.getsockname()[1]}", 0.5)
    assert time.monotonic() - began < 30


def test_chunks_keep_everything_in_order() -> None:
    assert tracking_store.chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]
    assert tracking_store.chunks([], 2) == []


def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    tracking_store.configure()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"

"""What the processes of a training stage share before it begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast

import pytest
import torch

from dirac.training import session
from dirac.training.distributed import Processes

T = TypeVar("T")


class Second(Processes):
    """The second of two processes; the main one says "key" and needs no waiting for."""

    def from_main(self, value: T) -> T:
        return cast(T, "key")

    def wait(self) -> None:
        pass


def test_the_main_process_alone_reads_the_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def joined() -> Iterator[Processes]:
        yield Second(1, 2, torch.device("cpu"))

    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(session, "distributed", joined)
    with session.shared_session("stage", {}, [tmp_path / "not read"], {"seed": 1}) as (ours, _):
        assert (ours.fingerprint, ours.folder.name) == ("key", "stage-key")


def test_a_changed_store_is_another_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    store, folders = tmp_path / "store", []
    for content in ("first", "other"):
        store.write_text(content)
        with session.shared_session("stage", {}, [store], {}) as (ours, processes):
            folders.append(ours.folder)
            assert processes.is_main
            assert ours.folder.is_dir()
    assert folders[0] != folders[1]
    assert not folders[0].exists()

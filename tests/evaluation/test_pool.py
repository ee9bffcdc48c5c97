"""Jobs of an evaluation, shared by processes and by GPUs."""

import os
import resource
import time
from pathlib import Path

import pytest
import torch

from dirac.devices import CPU
from dirac.evaluation.ours import Ours
from dirac.evaluation.pool import Pool, PoolError
from dirac.evaluation.signals import Signals
from dirac.kept import keep
from dirac.separation.separator import Separator

from ..tiny_models import separator

WAVEFORM = 0.1 * torch.randn(1, 9600, generator=torch.Generator().manual_seed(0))


def write_process(folder: Path, number: int) -> None:
    (folder / f"{number}").write_text(f"{os.getpid()} {torch.get_num_threads()}")


def write_estimates(model: Separator, path: Path) -> torch.Tensor:
    return keep(path, lambda: model.refined(WAVEFORM, model.codec.sample_rate))


def test_jobs_run_in_processes_of_one_thread(tmp_path: Path) -> None:
    with Pool([CPU] * 2) as pool:
        pool.run("writing", [(write_process, (tmp_path, number)) for number in range(5)])
    written = [path.read_text().split() for path in tmp_path.iterdir()]
    assert len(written) == 5
    assert {n_threads for _, n_threads in written} == {"1"}
    assert str(os.getpid()) not in {process for process, _ in written}


def test_a_separator_gives_in_another_process_what_it_gives_here(tmp_path: Path) -> None:
    model = separator()
    with Pool([CPU] * 2) as pool:
        pool.run("separating", [(write_estimates, (model, tmp_path / "estimates.npy"))])
    there = keep(tmp_path / "estimates.npy", lambda: torch.zeros(0))
    torch.testing.assert_close(there, write_estimates(model, tmp_path / "here.npy"), rtol=0, atol=0)


def fail(folder: Path) -> None:
    raise ValueError("no such song")


def sleep(folder: Path) -> None:
    (folder / "asleep").touch()
    time.sleep(600)


def wait_and_fail(folder: Path) -> None:
    while not (folder / "asleep").exists():
        time.sleep(0.05)
    fail(folder)


def end(folder: Path) -> None:
    os._exit(9)


def test_an_error_does_not_wait_for_other_jobs(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match="no such song"), Pool([CPU] * 2) as pool:
        pool.run("failing", [(sleep, (tmp_path,)), (wait_and_fail, (tmp_path,))])
    assert time.monotonic() - start < 300


def test_a_process_that_is_killed_costs_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match="killed while ending"), Pool([CPU] * 2) as pool:
        pool.run("ending", [(end, (tmp_path,))] * 4)


def test_networks_take_no_open_file_for_each_of_their_tensors(tmp_path: Path) -> None:
    model = separator()
    job = (write_estimates, (model, tmp_path / "estimates.npy"))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_open = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (n_open + 60, hard))
    try:
        with Pool([CPU] * 2) as pool:
            pool.run("separating", [job] * 20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    n_tensors = len(list(model.model.parameters()))
    assert n_tensors > 60


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are not two GPUs here")
def test_two_gpus_give_what_one_gives(tmp_path: Path) -> None:
    model = separator()
    for network in (model.model, model.codec):
        assert isinstance(network, torch.nn.Module)
        network.to("cuda")
    Ours(model, model, Signals(tmp_path), [], seed=0, n_processes=1).run(
        "separating", [(write_estimates, (model, tmp_path / f"{n}.npy")) for n in range(8)]
    )
    here = model.refined(WAVEFORM, model.codec.sample_rate)
    for n in range(8):
        there = keep(tmp_path / f"{n}.npy", lambda: torch.zeros(0))
        torch.testing.assert_close(there, here, rtol=1e-5, atol=1e-6)

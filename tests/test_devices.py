import pytest
import torch

from dirac.devices import CPU, all_devices, device_of


def test_processes_take_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    taken = [str(device_of(number, all_devices())) for number in range(7)]
    assert taken == [f"cuda:{number}" for number in (0, 1, 2, 0, 1, 2, 0)]


def test_without_a_gpu_all_take_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert [device_of(number, all_devices()) for number in range(3)] == [CPU] * 3

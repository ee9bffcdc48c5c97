import pickle

import pytest
import torch

from dirac.devices import CPU, Parcel, all_devices, device_of


def test_processes_take_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    taken = [str(device_of(number, all_devices())) for number in range(7)]
    assert taken == [f"cuda:{number}" for number in (0, 1, 2, 0, 1, 2, 0)]


def test_without_a_gpu_all_take_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert [device_of(number, all_devices()) for number in range(3)] == [CPU] * 3


@pytest.mark.parametrize("kind", ["cpu", "meta"])  # that stands for a GPU
def test_a_network_arrives_on_a_device_of_its_kind(kind: str) -> None:
    sent = torch.nn.Linear(2, 3)
    arrived, same = pickle.loads(pickle.dumps((Parcel(sent, kind), Parcel("a formula", kind))))
    assert arrived.weight.device.type == kind
    assert arrived.weight.shape == sent.weight.shape
    assert sent.weight.device == CPU
    assert same == "a formula"
    if kind == "cpu":
        torch.testing.assert_close(arrived.weight, sent.weight, rtol=0, atol=0)

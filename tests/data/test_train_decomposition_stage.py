"""What stages/train_decomposition.py trains on, by objective."""

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from dirac.audio.encodec_mini import load_encodec_mini
from dirac.data.store import LatentStore
from dirac.model_files import save_model
from dirac.models.decomposition import Decomposition
from dirac.params import Params, check_params
from dirac.training.distributed import Processes
from dirac.training.session import Session

from . import stores

PROJECT = Path(__file__).parents[2]
STAGE = PROJECT / "stages" / "train_decomposition.py"
ALONE = Processes(0, 1, torch.device("cpu"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    latents = np.random.default_rng(0).uniform(1, 2, size=(2, 6, 4, 40)).astype(np.float32)
    sources = {"drums": latents[0], "bass": latents[1]}
    return stores.write_mixtures(tmp_path / "a.lmdb", latents.mean(0), 2.0, sources)


@pytest.fixture
def make_datasets(path: Path, tmp_path: Path) -> Callable[[Params], Any]:
    """Of params, training and validation data, both of the store."""
    stage = runpy.run_path(str(STAGE), run_name="stage")

    def make(params: Params) -> Any:
        session = SimpleNamespace(folder=tmp_path)
        this = stage["Round"](session, ALONE, params, (path, path), None, None, {})
        return stage["make_datasets"](this, teacher=None)

    return make


def params_of(objective: str) -> Params:
    values = YAML(typ="safe").load(PROJECT / "params.yaml")
    values["train"].update(objective=objective, n_frames=16, n_first_steps=0, bootstrapped=0.0)
    values["train"]["anchors"].update(n_frames=8, share=0.5)
    return check_params(values, "params.yaml")


class StemReadError(Exception):
    pass


@pytest.fixture
def forbid_stems(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = LatentStore.kept

    def refuse(store: LatentStore, index: int, *rest: Any) -> Any:
        if rest[2:] and rest[2] and store.path == path:  # the part, after start and n_frames
            raise StemReadError
        return read(store, index, *rest)

    monkeypatch.setattr(LatentStore, "kept", refuse)


@pytest.mark.usefixtures("forbid_stems")
@pytest.mark.parametrize(("objective", "n_sources"), [("anchored", 2), ("paper", 0)])
def test_unsupervised_objectives_never_read_a_stem(
    make_datasets: Callable[[Params], Any], objective: str, n_sources: int
) -> None:
    for data in make_datasets(params_of(objective)):
        for index in range(len(data)):
            assert data[index, 0.3].shape == (1 + n_sources, 4, 16)


def test_sources_in_training_play_at_speeds_too(tmp_path: Path) -> None:
    """Two that are alone in turn: the lower one faster, the higher one slower."""
    stage, mixtures = runpy.run_path(str(STAGE), run_name="stage"), np.zeros((6, 4, 40), np.float32)
    mixtures[:3, 0], mixtures[3:, 3] = 1.0, np.tile([1.0, 2.0], 20)
    played = {2.0: mixtures[:, :, ::2], 0.8: np.repeat(mixtures, 2, axis=2)[:, :, :50]}
    path = stores.write_mixtures(tmp_path / "b.lmdb", mixtures, 2.0, played=played)
    values = params_of("anchored").model_dump(mode="json")
    values["train"]["anchors"].update(speeds=[2.0, 0.8])
    params = check_params(values, "params.yaml")
    this = stage["Round"](
        SimpleNamespace(folder=tmp_path), ALONE, params, (path, path), None, None, {}
    )
    training, validation = stage["make_datasets"](this, teacher=None)
    [low] = [n for n, places in enumerate(training.anchors) if (places[:, 0] < 3).all()]
    assert (training.speeds[low], training.speeds[1 - low]) == ((2.0,), (0.8,))
    assert validation.speeds == [(), ()]
    assert all(training[index, 0.3].shape == (3, 4, 16) for index in range(6))


@pytest.mark.usefixtures("forbid_stems")
@pytest.mark.parametrize("alike", [False, True])
def test_a_second_round_looks_where_the_first_did_and_takes_mixtures_apart(
    path: Path, tmp_path: Path, alike: bool
) -> None:
    stage = runpy.run_path(str(STAGE), run_name="stage")
    values = params_of("anchored").model_dump(mode="json")
    values["train"].update(n_first_steps=1, bootstrapped=1.0)
    values["train"]["anchors"].update(lopsided=0.7, alike=alike)
    params = check_params(values, "params.yaml")
    card = stage["make_card"](params, LatentStore(path).meta)
    teacher = Decomposition(**card["model"])
    places = np.array([[2, 0], [4, 0], [4, 8]])
    stage["find"].__globals__["tell_windows"] = lambda stores, *rest: [
        (places, np.ones((3, 2))) for _ in stores
    ]
    this = stage["Round"](
        SimpleNamespace(folder=tmp_path), ALONE, params, (path, path), None, None, {}
    )
    training, validation = stage["make_datasets"](this, teacher)
    for data in (training, validation):
        assert {int(index) for places in data.anchors for index, _ in places} <= {2, 4}
    assert validation.estimates is None
    estimates = training.estimates.store
    mixture = LatentStore(path).mixture(3)
    gain = teacher.level / np.mean(LatentStore(path).meta.rms)
    heard = stage["regress"](teacher.eval(), torch.from_numpy(np.float32(gain) * mixture[None]))
    amplitudes = heard[0].numpy() ** 2
    for number, share in enumerate(amplitudes / amplitudes.sum(axis=0)):
        own = estimates.source(3, f"part {number + 1}") ** 2
        np.testing.assert_allclose(own, share * mixture**2, rtol=1e-3)
    assert training[0, 0.3].shape == (3, 4, 16)


@pytest.mark.parametrize(("gated", "earlier"), [(False, 0.7), (True, 1.0)])
def test_rounds_have_steps_and_rates_of_their_own(
    path: Path, tmp_path: Path, gated: bool, earlier: float
) -> None:
    """And a denoiser that is not needed waits for the last."""
    stage, trained = runpy.run_path(str(STAGE), run_name="stage"), []
    values = params_of("anchored").model_dump(mode="json")
    values["train"].update(n_first_steps=7, first_learning_rate=0.5, n_rounds=3, n_steps=9)
    values["train"].update(regression_share=0.7)
    values["model"].update(gated=gated)
    session = Session("train_decomposition", tmp_path, "key", {}, tmp_path)
    params = check_params(values, "params.yaml")
    last = stage["Round"](session, ALONE, params, (path, path), None, None, {})
    stage["train_earlier"].__globals__["train"] = lambda this: (
        trained.append(this.params.train) or this.session.folder
    )
    for number, chosen in enumerate(stage["earlier_rounds"](params), 1):
        done = stage["train_earlier"](last, number, chosen)
        assert done == stage["train_earlier"](last, number, chosen)
    rate = params.train.learning_rate
    # Each once, and the last is not among them.
    assert [(t.n_steps, t.learning_rate) for t in trained] == [(7, 0.5), (9, rate), (9, rate)]
    assert [t.regression_share for t in trained] == [earlier] * 3


@pytest.mark.usefixtures("forbid_stems")
def test_the_supervised_twin_alone_does(make_datasets: Callable[[Params], Any]) -> None:
    training, validation = make_datasets(params_of("supervised"))
    assert len(training) == len(validation) == 6
    with pytest.raises(StemReadError):
        training[0, 0.3]


@pytest.mark.parametrize(("composition", "level"), [("mean", 1), ("sum", 0.5)])
def test_the_twins_stems_mix_to_the_level_of_mixtures(
    path: Path, make_datasets: Callable[[Params], Any], composition: str, level: float
) -> None:
    values = params_of("supervised").model_dump(mode="json")
    values["train"]["anchors"].update(gain_db=0.0)
    values["model"].update(composition=composition)
    store = LatentStore(path)
    training, _ = make_datasets(check_params(values, "params.yaml"))
    _, drums, _ = training[0, 0.3]
    crops = [store.source(i, "drums", s, 16) for i in range(6) for s in range(25)]
    assert any(np.allclose(drums**2, level * crop**2) for crop in crops)


def test_anchors_are_found_once(
    path: Path, make_datasets: Callable[[Params], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    params = params_of("anchored")
    first, _ = make_datasets(params)
    monkeypatch.setattr(LatentStore, "mixture", None)  # whoever reads now fails
    again, _ = make_datasets(params)
    for mine, its in zip(first.anchors, again.anchors, strict=True):
        assert np.array_equal(mine, its)


@pytest.mark.parametrize("objective", ["anchored", "paper"])
def test_a_model_that_goes_on_hears_other_levels_as_its_own(
    path: Path, tmp_path: Path, objective: str
) -> None:
    stage = runpy.run_path(str(STAGE), run_name="stage")
    trained: list[Decomposition] = []

    def fit(session: Any, processes: Any, model: Decomposition, *rest: Any) -> Path:
        trained.append(model.eval())
        save_model(tmp_path / "first", model.state_dict(), rest[2])
        return tmp_path / "first"

    stage["train"].__globals__["fit"] = fit
    session, params = SimpleNamespace(folder=tmp_path), params_of(objective)
    start = stage["train"](stage["Round"](session, ALONE, params, (path, path), None, None, {}))
    quiet = LatentStore(path).mixture(0)[None]
    louder = stores.write_mixtures(tmp_path / "louder.lmdb", np.tile(3 * quiet, (2, 1, 1)), 2.0)
    other = SimpleNamespace(folder=tmp_path / "other")
    other.folder.mkdir()
    stage["train"](stage["Round"](other, ALONE, params, (louder, louder), start, None, {}))
    first, second = trained
    meta = LatentStore(louder).meta
    one_for_all = objective == "paper"
    level = np.mean(np.square(meta.rms)) ** 0.5 if one_for_all else np.mean(meta.rms)
    assert second.level == pytest.approx(level, rel=1e-5)
    gain = second.level / first.level
    heard = torch.from_numpy(quiet)
    with torch.no_grad():
        torch.testing.assert_close(second.encode(gain * heard), first.encode(heard))


def test_anchors_in_latents_of_a_network_are_those_of_their_sound(
    tmp_path: Path, make_datasets: Callable[[Params], Any]
) -> None:
    """Clicks and a tone by turns, in latents of encodec_mini."""
    time = torch.arange(4 * 24_000) / 24_000
    tone = 0.1 * torch.sin(2 * torch.pi * 220 * time)
    clicks = 0.5 * torch.randn(len(time)) * (time % 0.25 < 0.01)
    second = (time % 2).long()
    waveforms = [torch.where(second == n, tone, clicks) for n in (0, 1)]
    codec = load_encodec_mini(None)
    with torch.no_grad():
        latents = [codec.encode(waveform[None, None])[0].numpy() for waveform in waveforms]
    (tmp_path / "a.lmdb").unlink()
    made = {**stores.CODEC, "name": "encodec_mini"}
    stores.write_mixtures(tmp_path / "a.lmdb", np.stack(latents), 1.0, None, False, made)
    values = params_of("anchored").model_dump(mode="json")
    values["train"]["anchors"].update(n_frames=15, share=0.3)
    training, _ = make_datasets(check_params(values, "params.yaml"))
    heard = [
        {int(second[320 * (start + 7)]) ^ int(index) for index, start in places}
        for places in training.anchors
    ]
    assert sorted(heard) == [{0}, {1}]

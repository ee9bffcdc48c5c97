from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dirac.audio.codecs import load_described
from dirac.audio.files import write_audio
from dirac.data.songs import read_track
from dirac.data.store import LatentStore
from dirac.learning import lesson as of_lesson
from dirac.learning.hearing import SILENCE_DB, cache_songs
from dirac.learning.lesson import BOOTSTRAPPED, OBJECTIVE, LearningError, OwnAnchors, learn, lesson
from dirac.learning.moved import moved
from dirac.model_files import load_model, save_model
from dirac.models.decomposition import Decomposition
from dirac.models.teacher import regress
from dirac.params import load_params
from dirac.training.trainer import Trainer

from ..data import stores
from ..tiny_models import card, decomposition, write_decomposition

PROJECT = Path(__file__).parents[2]
RATE = 24_000
CPU = torch.device("cpu")
OF_CODEC: dict[str, Any] = {
    "spectrogram": {},
    "encodec_mini": {"exponent": 1.0, "gated": True},
}


def by_turns(seconds: int) -> Tensor:
    """A tone and clicks, alone by turns and then together, (1, time)."""
    time = torch.arange(seconds * RATE) / RATE
    tone = 0.1 * torch.sin(2 * torch.pi * 220 * time)
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    clicks = 0.3 * noise * (time % 0.25 < 0.01)
    which = (time % 3).long()
    return (tone * (which != 1) + clicks * (which != 0))[None]


@pytest.fixture(params=OF_CODEC)
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An untrained model of this codec."""
    made = card()
    made["codec"]["name"] = request.param
    made["model"] |= OF_CODEC[request.param]
    torch.manual_seed(0)
    state = Decomposition(**made["model"]).state_dict()
    save_model(tmp_path / "start", state, made | {"scores": {}, "parts": ["a", "b"]})
    return tmp_path / "start"


@pytest.fixture
def heard(start: Path, tmp_path: Path) -> Path:
    """The store of a song."""
    write_audio(tmp_path / "song.wav", by_turns(7).numpy(), RATE)
    described = load_model(start)[1]["codec"]
    codec = load_described(described, None)
    song = read_track(tmp_path / "song.wav", "train", 0)
    cache_songs([song], 2.0, codec, described, tmp_path / "songs.lmdb")
    return tmp_path / "songs.lmdb"


def learnt(start: Path, heard: Path, folder: Path, n_steps: int) -> Decomposition:
    folder.mkdir(exist_ok=True)
    return learn(start, heard, folder, lesson(n_steps, 0), "key", CPU)[0]


def loaded(folder: Path) -> Decomposition:
    state, made = load_model(folder)
    model = Decomposition.of_card(made["model"]).eval()
    model.load_state_dict(state)
    return model


def test_excerpts_lie_side_by_side(heard: Path) -> None:
    store = LatentStore(heard)
    assert [excerpt.start_seconds for excerpt in store.meta.excerpts] == [0.0, 2.0, 4.0]
    assert store.meta.n_frames == 150


def test_what_is_learnt_is_of_the_songs(start: Path, heard: Path, tmp_path: Path) -> None:
    """The parts sum to the song better than before."""
    mixtures = torch.from_numpy(np.stack([LatentStore(heard).mixture(n) for n in range(3)]))

    def error(model: Decomposition) -> float:
        gain = model.level / float(np.mean(LatentStore(heard).meta.rms))
        if not LatentStore(heard).meta.homogeneous:
            gain = 1.0
        with torch.no_grad():
            composed = model.compose(regress(model, gain * mixtures))
        relative = (composed / gain - mixtures).square().mean() / mixtures.square().mean()
        return float(relative)

    assert error(learnt(start, heard, tmp_path / "work", 12)) < error(loaded(start))


def test_the_card_says_what_was_trained_and_nothing_of_other_weights(
    start: Path, heard: Path, tmp_path: Path
) -> None:
    before = load_model(start)[1]
    _, made = learn(start, heard, tmp_path, lesson(2, 0), "key", CPU)
    assert set(before) - set(made) == {"format", "sha256", "scores"}
    changed = {name for name, value in before["model"].items() if made["model"][name] != value}
    assert changed == {"masking_weight", "composition_share"}


def test_killed_and_called_again_is_unbroken(
    start: Path, heard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learnt(start, heard, tmp_path / "whole", 4).state_dict()
    advance, settings = Trainer.advance, replace(lesson(4, 0), checkpoint_every_seconds=0)

    def killed(trainer: Trainer, batch: Tensor) -> None:
        if trainer.step == 2:
            raise KeyboardInterrupt
        advance(trainer, batch)

    broken = tmp_path / "broken"
    broken.mkdir()
    monkeypatch.setattr(Trainer, "advance", killed)
    with pytest.raises(KeyboardInterrupt):
        learn(start, heard, broken, settings, "key", CPU)
    steps: list[int] = []

    def counted(trainer: Trainer, batch: Tensor) -> None:
        steps.append(trainer.step)
        advance(trainer, batch)

    monkeypatch.setattr(Trainer, "advance", counted)
    resumed = learnt(start, heard, broken, 4).state_dict()
    assert steps == [2, 3]
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_training_that_diverges_is_an_error_of_the_songs(
    start: Path, heard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Decomposition.forward

    def infinite(model: Decomposition, *batch: Any) -> dict[str, Tensor]:
        terms = forward(model, *batch)
        return terms | {"loss": terms["loss"] * torch.inf}

    monkeypatch.setattr(Decomposition, "forward", infinite)
    with pytest.raises(LearningError, match=r"diverged at step 0 .* another --seed") as failure:
        learnt(start, heard, tmp_path / "work", 2)
    assert "checkpoint" not in str(failure.value)


def test_its_loss_is_that_of_params() -> None:
    params = load_params(PROJECT / "params.yaml")
    train = params.train.model_dump(include=set(OBJECTIVE))
    assert train | {"coherence": params.model.coherence} == OBJECTIVE
    assert params.train.bootstrapped == BOOTSTRAPPED
    assert params.data.silence_db == SILENCE_DB


def test_the_papers_model_cannot_learn(tmp_path: Path) -> None:
    folder = write_decomposition(tmp_path / "start")
    state, made = load_model(folder)
    made["model"]["objective"] = "paper"
    save_model(folder, state, {k: v for k, v in made.items() if k not in ("format", "sha256")})
    with pytest.raises(LearningError, match="the paper's objective"):
        learn(folder, tmp_path / "none.lmdb", tmp_path, lesson(2, 0), "key", CPU)


@pytest.mark.parametrize(("composition", "level"), [("mean", 2), ("sum", 1)])
def test_anchors_are_as_loud_as_what_songs_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, composition: str, level: float
) -> None:
    """Excerpts are 1 and 2, and each is a part alone."""
    places = [np.array([[number, 0]]) for number in range(2)]
    monkeypatch.setattr(of_lesson, "find_by_ear", lambda *_: [places])
    monkeypatch.setattr(of_lesson, "OwnAnchors", partial(OwnAnchors, gain_db=0.0))
    mixtures = np.repeat(np.array([1, 2], np.float32), 128 * 80).reshape(2, 128, 80)
    heard = stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0)
    model, made = decomposition(composition=composition), card(composition=composition)
    _, validation = of_lesson._remixes(model, heard, tmp_path, made)
    magnitudes = validation[0, 0.5] ** 2
    expected = torch.tensor([1.0, level, 4 * level])
    torch.testing.assert_close(magnitudes, expected[:, None, None].expand_as(magnitudes))


class Divided(nn.Module):
    """Gives part 0 all that is softer than `loud`, and part 1 the rest."""

    def __init__(self, loud: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(1))
        self.level, self.loud = 1.0, loud

    def encode(self, latents: Tensor) -> Tensor:
        return latents

    def regress(self, latents: Tensor) -> Tensor:
        soft = latents < self.loud
        return torch.stack([latents * soft, latents * ~soft], dim=1)


def songs_of(levels: list[list[float]]) -> Iterator[np.ndarray]:
    """Of each song latents (channels, frames), of these levels, as many frames of each."""
    for of_song in levels:
        yield np.repeat(np.array(of_song, dtype=np.float32), 4)[None].repeat(3, axis=0)


def test_what_is_in_another_part_than_before_is_told_of_each_song(tmp_path: Path) -> None:
    """Of the second song the first half, a sixteenth as strong as the other, changes its part."""
    mixtures = np.stack([*songs_of([[3.0, 4.0], [1.0, 2.0]])])
    path = stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0, homogeneous=False)
    before, after = Divided(0.5), Divided(1.5)
    shares = moved(before, after, path)  # type: ignore[arg-type]
    assert shares == {"song 0": 0.0, "song 1": pytest.approx(1 / 17)}

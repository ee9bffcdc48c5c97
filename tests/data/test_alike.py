"""Windows that sound like a source's anchors, though a model hears others in them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dirac.data.anchors import MOSTLY, find_by_ear, presences_alike, profiles_of_anchors
from dirac.data.heard import Heard, hear_windows, sounds_of_parts
from dirac.data.presences import Listen, Windows, read_windows
from dirac.kept import BLOCK

from . import stores

N_CHANNELS, WINDOW = 16, 8
SETTINGS = SimpleNamespace(share=0.01, presence=0.95, n_frames=WINDOW, n_bands=4)


def listen(latents: torch.Tensor) -> torch.Tensor:
    return latents.clamp_min(0)  # of an exponent of 2: roots of magnitudes


def heard_as(told: np.ndarray, profiles: np.ndarray, leaks: float) -> tuple[np.ndarray, np.ndarray]:
    """Presences as heard, of the first source `leaks` to the second, and the changes of both."""
    heard = told @ [[1 - leaks, leaks], [0, 1]]
    bent = np.array([(1 - leaks) * profiles[0] + leaks * np.array([0, 0, 0, 1]), profiles[1]])
    return heard, told @ bent


def test_a_source_that_leaks_all_through_a_song_is_alone_at_times() -> None:
    """In one song the first source is heard as it is, in the other a third of it as the second."""
    profiles = np.array([[0.7, 0.3, 0, 0], [0, 0.1, 0.8, 0.1]])
    told = np.array([[n / 10, 1 - n / 10] for n in (10, 10, 9, 7, 5, 3, 1, 0, 0) * 10])
    songs = [heard_as(told, profiles, leaks) for leaks in (0.0, 0.33)]
    presences, changes = (np.concatenate(both) for both in zip(*songs, strict=True))
    numbers = np.repeat([0, 1], len(told))
    places = np.stack([numbers, np.arange(len(numbers))], axis=1)
    heard = Heard(places, presences, changes, numbers)
    found = presences_alike(heard, profiles_of_anchors(heard, SETTINGS))
    second = found[numbers == 1]
    assert (presences[numbers == 1, 0] < 0.7).all()
    assert (second[told[:, 0] == 1, 0] > 0.9).all()
    assert (second[told[:, 0] < 0.8, 0] < 0.8).all()
    assert (found >= presences).all()
    soft = presences < MOSTLY  # what is heard as mostly another, or is barred
    assert (found[soft] == presences[soft]).all()


def test_parts_share_what_is_heard_in_a_mixture_by_their_powers() -> None:
    random = np.random.default_rng(0)
    mixture = random.uniform(0.5, 1, (N_CHANNELS, WINDOW)).astype(np.float32)
    parts = np.stack([0.5 * mixture, 0.25 * mixture])
    sounds = sounds_of_parts(mixture, parts, listen)
    shares = (sounds / mixture) ** 4
    assert np.allclose(shares[0], 16 / 17, atol=1e-5)
    assert np.allclose(shares.sum(axis=0), 1, atol=1e-5)


def mixtures(n_excerpts: int = 12) -> np.ndarray:
    """Excerpts of four windows: low, high, both, low."""
    random = np.random.default_rng(1)
    low, high = np.arange(N_CHANNELS)[:, None] < 8, np.arange(N_CHANNELS)[:, None] >= 8
    windows = [low, high, low | high, low]
    level = random.uniform(0.5, 1.5, (n_excerpts, 4, N_CHANNELS, WINDOW))
    return np.concatenate([level[:, n] * present for n, present in enumerate(windows)], axis=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return stores.write_mixtures(tmp_path / "a.lmdb", mixtures(), 2.0, homogeneous=True)


def regress(mixture: torch.Tensor) -> torch.Tensor:
    """A model that takes the lowest of the low for high."""
    low = (torch.arange(N_CHANNELS) < 8) & (torch.arange(N_CHANNELS) >= 2)
    return torch.stack([mixture * low[:, None], mixture * ~low[:, None]], dim=1)


def test_anchors_that_are_alike_are_found_beside_those_that_are_heard(path: Path) -> None:
    by_ear = SimpleNamespace(**vars(SETTINGS) | {"presence": 0.88, "share": 0.02})
    [heard] = find_by_ear([path], 1.0, regress, by_ear)
    [alike] = find_by_ear([path], 1.0, regress, by_ear, listen=listen)

    def of_low_alone(places: np.ndarray) -> np.ndarray:
        return np.isin(places[:, 1], [0, 3 * WINDOW])

    assert of_low_alone(alike[0]).all()
    assert len(alike[0]) > len(heard[0])
    assert np.isin(alike[1][:, 1], [WINDOW, WINDOW + 2]).all()  # an eighth of low, at most


def test_changes_are_gathered_of_each_part_if_somebody_listens(path: Path) -> None:
    assert hear_windows(path, WINDOW, 1.0, regress).changes.shape[1] == 0
    changes = hear_windows(path, WINDOW, 1.0, regress, 4, listen).changes
    assert changes.shape[1] == 2 * 2 * 4  # parts, along time and frequency, bands
    assert np.allclose(changes.sum(axis=1), 1)


@pytest.mark.parametrize("by", ["model", "statistics"])
def test_listening_goes_on_after_a_kill(tmp_path: Path, by: str) -> None:
    path = stores.write_mixtures(tmp_path / "a.lmdb", mixtures(2 * BLOCK + 3), 2.0)
    n_heard = 0

    def hear(function: Listen, folder: Path | None) -> Heard | Windows:
        if by == "statistics":
            return read_windows(path, WINDOW, 4, function, folder)
        return hear_windows(path, WINDOW, 1.0, function, 4, listen, folder)

    whole_function = regress if by == "model" else listen

    def dying(mixture: torch.Tensor) -> torch.Tensor:
        nonlocal n_heard
        if n_heard == BLOCK + 5:
            raise KeyboardInterrupt
        n_heard += 1
        return whole_function(mixture)

    kept = tmp_path / "heard"
    with pytest.raises(KeyboardInterrupt):
        hear(dying, kept)
    n_heard = -100
    found = hear(dying, kept)
    assert n_heard == -100 + BLOCK + 3
    whole = hear(whole_function, None)
    for name, value in vars(whole).items():
        assert np.array_equal(value, getattr(found, name)), name

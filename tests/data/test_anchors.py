"""Two sources that play by turns: one steady with harmonics, one flickering and smooth."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dirac.data.anchors import find_anchors, find_by_ear, tell_windows
from dirac.data.heard import hear_windows
from dirac.data.presences import (
    AnchorError,
    find_presences,
    fit_profiles,
    read_windows,
)
from dirac.data.remixes import remix_datasets
from dirac.data.store import LatentStore

from . import stores

N_CHANNELS, WINDOW, N_BANDS = 12, 8, 16
N_STARTS = 13  # of the windows in an excerpt of four
STEADY, FLICKERING, BOTH = 1, 2, 3


def latents(present: int, loudness: np.ndarray, exponent: float) -> np.ndarray:
    """(channels, WINDOW): magnitudes**(1 / exponent) of the sources that are present."""
    power = np.zeros((N_CHANNELS, WINDOW))
    if present & STEADY:
        harmonics = np.where(np.arange(N_CHANNELS) % 3 == 0, 1.0, 0.01)
        power += loudness[0] * harmonics[:, None]
    if present & FLICKERING:
        power += loudness[1] * (np.arange(WINDOW) % 4 == 0)
    return power ** (1 / exponent)


def settings(**other: float) -> SimpleNamespace:
    plain = {"share": 0.1, "presence": 1.1, "n_frames": WINDOW, "gain_db": 6.0}
    plain |= {"n_bands": N_BANDS, "lopsided": 1.0, "apart": 0.0, "by_song": False}
    return SimpleNamespace(**plain | {"speed_octaves": 0.0, "equaliser_db": 0.0} | other)


def write_store(path: Path, presence: np.ndarray, exponent: float = 2.0) -> Path:
    """presence: (excerpts, windows) of STEADY, FLICKERING, BOTH or 0."""
    loudness = np.random.default_rng(0).uniform(0.5, 2, (len(presence), 2))
    mixtures = [
        np.concatenate([latents(present, loud, exponent) for present in row], axis=1)
        for row, loud in zip(presence, loudness, strict=True)
    ]
    return stores.write_mixtures(path, np.stack(mixtures), exponent, homogeneous=exponent != 1)


@pytest.fixture
def presence() -> np.ndarray:
    return np.random.default_rng(1).choice([STEADY, FLICKERING, BOTH, BOTH], size=(40, 4))


def listen(latents: torch.Tensor) -> torch.Tensor:
    return latents  # those below have an exponent of 2, so that their squares add


def present_at(index: int, start: int, presence: np.ndarray) -> int:
    """What sounds in a window, which may lie across two of those that were made."""
    present = 0
    for frame in range(start, start + WINDOW):
        sounding = STEADY if frame % 4 else BOTH  # what flickers does so every fourth frame
        present |= int(presence[index, frame // WINDOW]) & sounding
    return present


def presence_at(places: np.ndarray, presence: np.ndarray) -> set[int]:
    return {present_at(index, start, presence) for index, start in places}


def test_anchors_are_the_windows_of_one_source(tmp_path, presence):
    windows = read_windows(write_store(tmp_path / "a.lmdb", presence), WINDOW, N_BANDS, listen)
    n_windows = 40 * N_STARTS
    assert windows.places.shape == (n_windows, 2)
    assert windows.changes.shape == (n_windows, 2 * N_CHANNELS - 1)
    assert windows.with_held.shape == (n_windows, 3 * N_CHANNELS - 2)
    profiles = fit_profiles(windows.changes, 2, seed=0)
    assert np.allclose(profiles.sum(axis=1), 1)
    first, second = find_anchors(
        windows.places, find_presences(windows.changes, profiles), settings(share=0.1)
    )
    assert len(first) == len(second) == n_windows // 10
    found = [presence_at(first, presence), presence_at(second, presence)]
    assert sorted(found, key=min) == [{STEADY}, {FLICKERING}]


def test_all_windows_that_a_source_has_alone_are_its_anchors(tmp_path, presence):
    windows = read_windows(write_store(tmp_path / "a.lmdb", presence), WINDOW, N_BANDS, listen)
    presences = find_presences(windows.changes, fit_profiles(windows.changes, 2, seed=0))
    found = find_anchors(windows.places, presences, settings(share=0.01, presence=0.98))
    for places in found:
        (source,) = presence_at(places, presence)
        whole = np.argwhere(presence == source) * [1, WINDOW]
        assert {*map(tuple, whole)} <= {*map(tuple, places)}
        assert len(places) > len(whole)  # and some across two of these


def test_profiles_of_one_store_find_the_same_sources_in_another(tmp_path, presence):
    train = read_windows(write_store(tmp_path / "a.lmdb", presence), WINDOW, N_BANDS, listen)
    other = presence[::-1, ::-1]
    validation = read_windows(write_store(tmp_path / "b.lmdb", other), WINDOW, N_BANDS, listen)
    profiles = fit_profiles(train.changes, 2, seed=0)
    for mine, its in zip(
        find_anchors(train.places, find_presences(train.changes, profiles), settings()),
        find_anchors(validation.places, find_presences(validation.changes, profiles), settings()),
        strict=True,
    ):
        assert presence_at(mine, presence) == presence_at(its, other)


def test_silent_windows_are_no_anchors(tmp_path, presence):
    presence[:, 0] = 0
    windows = read_windows(write_store(tmp_path / "a.lmdb", presence), WINDOW, N_BANDS, listen)
    assert len(windows.places) == 40 * (N_STARTS - 1)
    assert (windows.places[:, 1] > 0).all()


def test_windows_may_be_heard_at_another_rate(tmp_path, presence):
    """As those of a codec of 150 Hz are, in a spectrogram of 75."""
    path = write_store(tmp_path / "a.lmdb", presence)
    windows = read_windows(path, WINDOW, N_BANDS, lambda latents: latents[..., ::2])
    assert np.array_equal(windows.places, read_windows(path, WINDOW, N_BANDS, listen).places)
    presences = find_presences(windows.changes, fit_profiles(windows.changes, 2, seed=0))
    found = [
        presence_at(places, presence)
        for places in find_anchors(windows.places, presences, settings(share=0.1))
    ]
    assert sorted(found, key=min) == [{STEADY}, {FLICKERING}]


def test_a_silent_store_has_no_anchors(tmp_path):
    path = write_store(tmp_path / "a.lmdb", np.zeros((2, 4), dtype=int))
    with pytest.raises(AnchorError, match=r"a\.lmdb has no window of 8 frames with any sound"):
        read_windows(path, WINDOW, N_BANDS, listen)
    with pytest.raises(AnchorError, match=r"a\.lmdb has no window of 8 frames with any sound"):
        hear_windows(path, WINDOW, 1.0, lambda mixture: torch.stack([mixture, mixture], dim=1))


def test_more_sources_than_windows_is_an_error(tmp_path):
    windows = read_windows(
        write_store(tmp_path / "a.lmdb", np.full((1, 2), BOTH)), WINDOW, N_BANDS, listen
    )
    with pytest.raises(AnchorError, match="6 sources cannot be told apart in 5 windows"):
        fit_profiles(windows.changes, 6, seed=0)


def test_a_source_that_dominates_every_song_has_no_anchors(tmp_path, presence):
    path = write_store(tmp_path / "a.lmdb", presence)
    with pytest.raises(AnchorError, match=r"a\.lmdb has a source that explains more of every song"):
        tell_windows([path], 2, settings(lopsided=0.01), 0, listen)


def test_a_model_hears_whose_a_window_is(tmp_path, presence):
    """One that knows that the flickering source is silent most of the time."""
    presence[0, 0] = 0
    path = write_store(tmp_path / "a.lmdb", presence)

    def regress(mixture: torch.Tensor) -> torch.Tensor:
        windows = mixture.unflatten(-1, (-1, WINDOW)).amin(dim=-1)
        steady = windows.repeat_interleave(WINDOW, dim=-1)
        return torch.stack([steady, (mixture**2 - steady**2).clamp_min(0).sqrt()], dim=1)

    windows = hear_windows(path, WINDOW, 1.0, regress)
    assert len(windows.places) == 40 * N_STARTS - 1
    assert np.allclose(windows.presences.sum(axis=1), 1)
    for (index, start), heard in zip(windows.places, windows.presences, strict=True):
        assert (heard[0] > 0.99) == (present_at(index, start, presence) == STEADY)


def test_anchors_of_several_stores(tmp_path, presence):
    stores = [
        write_store(tmp_path / f"{n}.lmdb", order)
        for n, order in ((0, presence), (1, presence[::-1]))
    ]

    def regress(mixture: torch.Tensor) -> torch.Tensor:
        return torch.stack([mixture, mixture], dim=1)

    told = tell_windows(stores, 2, settings(), 0, listen)
    for found in (
        [find_anchors(*windows, settings()) for windows in told],
        find_by_ear(stores, 1.0, regress, settings()),
    ):
        assert [[len(places) for places in anchors] for anchors in found] == [
            [40 * N_STARTS // 10] * 2
        ] * 2
    train, validation = remix_datasets(stores, found, 12, settings(), 2.0)
    assert train[3, 0.0].shape == validation[3, 0.0].shape == (3, N_CHANNELS, 12)
    alone, _ = remix_datasets(stores, [[], []], 12, settings(), 1.0)
    assert alone[3, 0.0].shape == (1, N_CHANNELS, 12)


def test_a_part_has_no_anchors_where_its_source_is_told_to_be_absent(tmp_path, presence):
    path = write_store(tmp_path / "a.lmdb", presence)

    def regress(mixture: torch.Tensor) -> torch.Tensor:
        """The first part loud in some excerpts, the second in the others."""
        loud = float(mixture.mean()) > middle
        parts = [mixture, 0.1 * mixture]
        return torch.stack(parts if loud else parts[::-1], dim=1)

    store = LatentStore(path)
    gain = 1 / np.mean(store.meta.rms)  # at which a model of level 1 hears it
    means = [gain * float(store.mixture(index).mean()) for index in range(len(store))]
    middle = float(np.median(means))
    places = np.array([[index, 0] for index in range(len(store))])
    louder = np.array(means) > middle
    told = np.stack([~louder, louder], axis=1) * 0.8 + 0.1  # the other order
    told[7] = told[9] = [0.0, 0.9]
    told[8] = [0.9, 0.0]
    (found,) = find_by_ear([path], 1.0, regress, settings(presence=0.9), [(places, told)])
    assert {7, 9} & set(found[0][:, 0]) == {n for n in (7, 9) if louder[n]}
    assert {7, 9} & set(found[1][:, 0]) == set()  # the first source is the second part
    assert 8 not in found[0][:, 0]
    with pytest.raises(AnchorError, match=r"a\.lmdb: a part is heard in none of the songs"):
        find_by_ear([path], 1.0, regress, settings(), [(places, told * [0, 1])])


def test_excerpts_shorter_than_a_window_are_an_error(tmp_path, presence):
    path = write_store(tmp_path / "a.lmdb", presence)
    n_frames = LatentStore(path).meta.n_frames
    with pytest.raises(AnchorError, match=rf"excerpts of {n_frames} frames, and windows last"):
        read_windows(path, n_frames + 1, N_BANDS, listen)

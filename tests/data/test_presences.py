"""How much of a window is whose, by its statistics."""

import numpy as np

from dirac.data.presences import (
    Windows,
    adapt_presences,
    find_presences,
    is_left,
    tell_presences,
)


def test_songs_bend_the_profiles_towards_their_own():
    """In one song of ten a source is more like the other than elsewhere, and like nothing else."""
    random = np.random.default_rng(0)
    weights = np.array([[1, 0], [0, 1], [1, 1], [1, 2], [2, 1], [0, 1]] * 6)
    usual = np.array([[8, 4, 1, 1, 0.2, 3], [1, 1, 4, 8, 0.2, 0.2]])
    unusual = np.array([[8, 4, 1, 1, 0.2, 3], [4, 2, 4, 5, 6, 0.2]])
    statistics = np.concatenate(
        [
            weights @ profiles * random.uniform(0.95, 1.05, (len(weights), 6))
            for profiles in [usual] * 9 + [unusual]
        ]
    )
    statistics /= statistics.sum(axis=1, keepdims=True)
    songs = np.arange(10).repeat(len(weights))
    of_all = usual / usual.sum(axis=1, keepdims=True)
    presences = find_presences(statistics, of_all)
    adapted = adapt_presences(statistics, songs, of_all, presences)
    assert np.allclose(adapted.sum(axis=1), 1)
    alone = (songs == 9) & (np.tile(weights[:, 0], 10) == 0)
    assert presences[alone, 1].max() < 0.75
    assert adapted[alone, 1].min() > 0.8
    assert np.abs(adapted - presences)[songs < 9].max() < 0.01


def test_what_is_held_counts_where_nothing_is():
    """By changes a window is half the first's; by what is held, told in another order, all."""
    random = np.random.default_rng(0)
    places, songs = np.zeros((60, 2), dtype=int), np.arange(60)

    def windows(left: np.ndarray) -> Windows:
        return Windows(places, changes, with_held, left, songs)

    changes = np.tile([[1.0, 0, 0], [0, 0, 1], [0.5, 0, 0.5]], (20, 1))
    with_held = np.tile([[0.8, 0.2, 0, 0], [0, 0, 0.2, 0.8], [0.8, 0.2, 0, 0]], (20, 1))
    left = random.choice([True, False], 60)
    [presences] = tell_presences([windows(left)], 2, seed=0)
    first = int(presences[0].argmax())
    doubtful = np.arange(60) % 3 == 2
    assert presences[left & doubtful, first].min() > 0.95
    assert np.abs(presences[~left & doubtful] - 0.5).max() < 0.05
    assert presences[1::3, 1 - first].min() > 0.95


def test_what_is_left_and_what_is_held():
    """Roots of magnitudes of 64 frames: their fourth powers are powers."""
    struck = np.tile(0.25 ** np.arange(16), 4)
    held = np.full(64, 0.5)
    gone = np.where(np.arange(64) < 32, struck, 0)
    assert is_left(np.stack([struck, struck]))
    assert not is_left(np.stack([struck, held]))
    assert is_left(np.stack([4 * struck, held]))  # 4 / 1092 of the power is held
    assert not is_left(np.stack([gone, gone]))  # half of the window is silence

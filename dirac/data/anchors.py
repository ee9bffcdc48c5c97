"""Anchors: windows of mixtures in which little else than one source sounds, found without stems.

Instruments enter and leave. The windows in which one source is nearly all that sounds are its
anchors: first by statistics of the sound (`data.presences`), so that what tells sources apart is
that they are not always there together. A model trained on these hears presences better than the
statistics tell them (`data.heard`): of what it takes apart, how much of a window is whose. Its
anchors hold what statistics shun, as loud kicks. What it mishears all through a song, as a kick for
half a bass, statistics of its parts tell all the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from dirac.data.heard import Heard, Regress, hear_windows
from dirac.data.presences import (
    AnchorError,
    Array,
    Listen,
    adapt_presences,
    read_windows,
    tell_presences,
)

Anchors = list[Array]  # of each source the places of its windows, (anchors, 2)
MOSTLY = 0.6  # share of a window that a source is heard to have at least, to be alone after all


class AnchorSettings(Protocol):
    """params.train.anchors, or anything with its values."""

    @property
    def share(self) -> float:
        """Of all windows, the fewest for each source."""

    @property
    def presence(self) -> float:
        """From which on a source is alone: all windows in which it has as much are its anchors."""

    @property
    def n_frames(self) -> int:
        """Of a window."""

    @property
    def n_bands(self) -> int:
        """In which a window's statistics are gathered."""

    @property
    def lopsided(self) -> float:
        """The most that a source may explain of a song in which statistics give it anchors."""

    @property
    def apart(self) -> float:
        """Of what others have in a song's median window: the most in windows that stand out."""

    @property
    def by_song(self) -> bool:
        """Whether each song has the same chance in remixes, however many anchors it has."""

    @property
    def gain_db(self) -> float:
        """Levels of a remix: up to this much louder or softer."""

    @property
    def speed_octaves(self) -> float:
        """Speeds of a remix in training: up to this much higher and faster, or the other way."""

    @property
    def equaliser_db(self) -> float:
        """Tones of a remix in training: bands are up to this much louder or softer."""


def find_anchors(places: Array, presences: Array, settings: AnchorSettings) -> Anchors:
    """For each source the places (windows, 2) that it has most alone: a share of them, or more

    where it has more alone; none in which it has no presence. A single source has them all.
    """
    if presences.shape[1] == 1:
        return [places]
    fewest = max(1, round(settings.share * len(presences)))
    present = np.count_nonzero(presences, axis=0).clip(1)
    numbers = np.maximum((presences >= settings.presence).sum(axis=0), present.clip(max=fewest))
    return [
        places[np.argsort(-alone, kind="stable")[:number]]
        for alone, number in zip(presences.T, numbers, strict=True)
    ]


def tell_windows(
    stores: Sequence[Path],
    n_sources: int,
    settings: AnchorSettings,
    seed: int,
    listen: Listen,
    folder: Path | None = None,
) -> list[tuple[Array, Array]]:
    """Of each store places (windows, 2) and presences (windows, sources) of its windows, by

    statistics: by the profiles of the first, which is that of training, and as `judge_by_song` has
    them. folder: where what is read of them is kept, for a killed call to go on; or nothing is.
    Raises AnchorError where there is nothing to look for.
    """
    rule = (settings.n_frames, settings.n_bands, listen)
    windows = [
        read_windows(path, *rule, folder and folder / f"read-{number}")
        for number, path in enumerate(stores)
    ]
    told = tell_presences(windows, n_sources, seed)
    judged = [
        judge_by_song(
            presences, of_store.songs, settings.presence, settings.apart, settings.lopsided
        )
        for of_store, presences in zip(windows, told, strict=True)
    ]
    for path, presences in zip(stores, judged, strict=True):
        if not presences.any(axis=0).all():
            raise AnchorError(
                f"{path} has a source that explains more of every song than train.anchors.lopsided "
                "allows: raise it (1: all songs may have anchors)"
            )
    return [(of_store.places, judged[n]) for n, of_store in enumerate(windows)]


def judge_by_song(
    presences: Array, songs: Array, presence: float, apart: float, lopsided: float
) -> Array:
    """Presences (windows, sources) as each song by itself lets them be.

    At least `presence` where all others have less than `apart` of what they have in its median
    window: high basses are alone at times, too. 0 for a source that explains more than `lopsided`
    of it, on average: there it may stand for another.
    """
    judged = np.empty_like(presences)
    for song in np.unique(songs):
        own = presences[songs == song]
        alone = 1 - own < apart * (1 - np.median(own, axis=0))
        raised = np.where(alone, own.clip(presence), own)
        judged[songs == song] = np.where(own.mean(axis=0) <= lopsided, raised, 0.0)
    return judged


def find_by_ear(
    stores: Sequence[Path],
    level: float,
    regress: Regress,
    settings: AnchorSettings,
    told: Sequence[tuple[Array, Array]] | None = None,
    listen: Listen | None = None,
    folder: Path | None = None,
) -> list[Anchors]:
    """Of each store the anchors that a model hears.

    told: as `tell_windows` has it; a part has anchors in none of the excerpts in which the source
    that it is has no presence. (A model mistakes what statistics mistook, even where it has not
    learnt from it.) listen: to the parts, for windows that sound like the anchors of the first
    store, which is that of training (`presences_alike`); None: those that are heard, alone. Other
    arguments as for `hear_windows`. Raises AnchorError where nothing sounds, or a part has no
    excerpt left.
    """
    heard = [
        hear_windows(
            path,
            settings.n_frames,
            level,
            regress,
            settings.n_bands,
            listen,
            folder and folder / f"heard-{number}",
        )
        for number, path in enumerate(stores)
    ]
    if told is not None:
        heard = [
            _allowed(path, windows, *of_store)
            for path, windows, of_store in zip(stores, heard, told, strict=True)
        ]
    presences = [windows.presences for windows in heard]
    if listen is not None:
        profiles = profiles_of_anchors(heard[0], settings)
        presences = [presences_alike(windows, profiles) for windows in heard]
    return [
        find_anchors(windows.places, of_store, settings)
        for windows, of_store in zip(heard, presences, strict=True)
    ]


def profiles_of_anchors(heard: Heard, settings: AnchorSettings) -> Array:
    """How the parts change in the anchors that a model hears, (parts, statistics), sum 1 each."""
    numbers = np.arange(len(heard.presences))
    anchors = find_anchors(numbers, heard.presences, settings)
    return np.stack([heard.changes[found].mean(axis=0) for found in anchors])


def presences_alike(heard: Heard, profiles: Array) -> Array:
    """Presences (windows, parts) as heard, or higher where parts change as in a source's anchors.

    What leaks changes too, and is part of the profile: a kick that is heard as half a bass, where
    drums are alone, is still a kick. Each song bends the profiles (`presences.adapt_presences`),
    from what is heard in it. What has less than MOSTLY of a window keeps what it has: else another
    source passes for one that is never alone in a song.
    """
    told = adapt_presences(heard.changes, heard.songs, profiles, heard.presences)
    higher = np.maximum(heard.presences, told)
    alike: Array = np.where(heard.presences >= MOSTLY, higher, heard.presences)
    return alike


def _allowed(path: Path, heard: Heard, told_places: Array, told: Array) -> Heard:
    """What is heard, without a part where the source that it is has no presence in an excerpt.

    By what is told of windows. Which source it is: the likest, by what both have of excerpts.
    Raises AnchorError if nothing is left of a part.
    """
    from scipy.optimize import linear_sum_assignment

    excerpts, presences = heard.places[:, 0], heard.presences
    n_excerpts = 1 + max(excerpts.max(), told_places[:, 0].max())
    of_parts, of_sources = np.zeros((2, n_excerpts, presences.shape[1]))
    np.add.at(of_parts, excerpts, presences)
    np.add.at(of_sources, told_places[:, 0], told)
    sources = linear_sum_assignment(-of_parts.T @ of_sources)[1]
    allowed = presences * (of_sources > 0)[:, sources][excerpts]
    if not allowed.any(axis=0).all():
        raise AnchorError(
            f"{path}: a part is heard in none of the songs that train.anchors.lopsided "
            "leaves it: raise it (1: all songs may have anchors)"
        )
    return replace(heard, presences=allowed)

from collections.abc import Callable

import pytest

from dirac.data.music.song import Bar, Chord


@pytest.fixture
def make_bar() -> Callable[..., Bar]:
    """A bar of C major, C then G, that begins at beat 8; its fields can be given."""

    def make(**changes: object) -> Bar:
        values: dict[str, object] = {
            "start": 8.0, "n_beats": 4, "section": "verse", "is_first": False, "is_last": False,
            "energy": 0.8, "present": frozenset(), "chords": (Chord((0, 4, 7)), Chord((7, 11, 2))),
            "following": Chord((0, 4, 7)), "scale": (0, 2, 4, 5, 7, 9, 11),
        }  # fmt: skip
        return Bar(**{**values, **changes})  # type: ignore[arg-type]

    return make

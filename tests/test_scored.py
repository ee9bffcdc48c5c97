"""The names that the parts of a packed model get from the scores of its evaluation."""

import pytest

from dirac.scored import PackingError, name_parts


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({"drums": [1], "bass": [0]}, ["bass", "drums"]),
        ({"drums": [0, 2], "bass": [1]}, ["drums-1", "bass", "drums-2"]),
        ({"drums": [0], "bass": [1], "piano": []}, ["drums", "bass"]),
        ({"Strings (continued)": [0], "../kick:1": [1]}, ["Strings (continued)", "kick-1"]),
    ],
)
def test_parts_are_named_by_their_sources(
    targets: dict[str, list[int]], expected: list[str]
) -> None:
    documents = [{"name": name, "parts": parts} for name, parts in targets.items()]
    assert name_parts(documents, len(expected)) == expected


@pytest.mark.parametrize("parts", [([0], [0]), ([0], [2]), ([0], [])])
def test_names_are_of_all_parts_or_an_error(parts: tuple[list[int], list[int]]) -> None:
    documents = [{"name": n, "parts": p} for n, p in zip("ab", parts, strict=True)]
    with pytest.raises(PackingError, match="the model makes 2"):
        name_parts(documents, 2)

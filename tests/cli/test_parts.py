import pytest

from dirac.cli.parts import parse_choice, parse_part

NAMES = ["drums", "bass"]


def test_parts_have_numbers_and_names() -> None:
    assert [parse_part(text, NAMES) for text in ("0", "1", "bass")] == [0, 1, 1]
    assert parse_part("1", ["1", "0"]) == 0  # a name comes first
    with pytest.raises(ValueError, match="there are drums, bass, or 0 to 1"):
        parse_part("-1", NAMES)


def test_choices_are_a_letter_and_a_part() -> None:
    assert parse_choice("a:0", NAMES, 1) == (0, 0)
    assert parse_choice("c:bass", NAMES, 3) == (2, 1)
    with pytest.raises(ValueError, match="no song c, the last one is b"):
        parse_choice("c:0", NAMES, 2)

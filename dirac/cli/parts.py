"""How a person names the parts of a model, and songs by letters: drums or 0, a:drums or a:0."""

from collections.abc import Sequence


def parse_part(text: str, names: Sequence[str]) -> int:
    """The number of a part, from 0, by its number or name. Raises ValueError if it is neither."""
    if text in names:
        return names.index(text)
    if not text.isdecimal() or int(text) >= len(names):
        raise ValueError(
            f"there is no part {text}: there are {', '.join(names)}, or 0 to {len(names) - 1}"
        )
    return int(text)


def parse_choice(text: str, names: Sequence[str], n_songs: int) -> tuple[int, int]:
    """ "b:1", or "b:bass" of parts of these names -> (1, 1): the second song, its part 1."""
    letter, _, part = text.partition(":")
    if len(letter) != 1 or not "a" <= letter <= "z" or not part:
        raise ValueError(f"--take {text}: write a letter for the song and a part, as in b:1")
    song = ord(letter) - ord("a")
    if song >= n_songs:
        last = chr(ord("a") + n_songs - 1)
        raise ValueError(f"--take {text}: there is no song {letter}, the last one is {last}")
    return song, parse_part(part, names)

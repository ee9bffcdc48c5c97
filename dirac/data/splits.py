"""Splits of what comes without any: the same names always go to the same splits."""

import hashlib
import unicodedata
from collections.abc import Iterable

SPLITS = ("train", "validation", "test")
SEED = 0
SHARE = 0.15  # of the names, for validation and for test each


def split_names(names: Iterable[str]) -> dict[str, list[str]]:
    """15 % of the names for validation and 15 % for test, one at least each, the rest for train.

    The names are shuffled by their SHA-256 with the seed 0, whatever order they come in; in each
    split they are sorted. Fewer than three names are all train.
    """
    shuffled = sorted(names, key=_shuffled)
    n_held_out = max(1, round(SHARE * len(shuffled))) if len(shuffled) >= len(SPLITS) else 0
    ends = (len(shuffled) - 2 * n_held_out, len(shuffled) - n_held_out)
    parts = (shuffled[: ends[0]], shuffled[ends[0] : ends[1]], shuffled[ends[1] :])
    return {split: sorted(part) for split, part in zip(SPLITS, parts, strict=True)}


def _shuffled(name: str) -> bytes:
    text = f"{SEED} {unicodedata.normalize('NFC', name)}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()

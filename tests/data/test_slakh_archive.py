from pathlib import PurePosixPath

import pytest

from dirac.data.errors import DataError
from dirac.data.slakh_archive import Sieve, n_bytes_kept

CLASSES = {"S00": "Drums", "S02": "Bass", "S03": "Strings (continued)", "S07": "Bass"}


@pytest.fixture
def made(tmp_path, slakh_track, sine):
    """Tracks as the archive has them, to be handed to a sieve file by file."""
    base = tmp_path / "made" / "slakh2100_flac_redux"
    for place in ("train/Track00001", "omitted/Track00002", "test/Track00003"):
        folder = slakh_track(base / place, CLASSES, {stem: sine(100) for stem in CLASSES})
        (folder / "MIDI").mkdir()
        for name in ("all_src.mid", "MIDI/S00.mid"):
            (folder / name).write_bytes(b"midi")
    return tmp_path / "made"


def strain(made, target, sources, last):
    """What a sieve leaves of all files; those whose names end with `last` come last."""
    sieve = Sieve(target, sources)
    files = [path.relative_to(made) for path in sorted(made.rglob("*")) if path.is_file()]
    n_largest = 0
    for path in sorted(files, key=lambda path: (path.parts[:3], path.name.endswith(last))):
        name = PurePosixPath(path.as_posix())
        if sieve.wants(name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((made / path).read_bytes())
        n_largest = max(n_largest, len(list(target.rglob("*.flac"))))
    sieve.finish()
    left = [path for path in target.rglob("*") if path.is_file()]
    return sorted(path.relative_to(target).as_posix() for path in left), n_largest


@pytest.mark.parametrize("last", [".flac", ".yaml"])
def test_metadata_and_stems_of_the_sources_are_kept_in_whatever_order_they_come(
    tmp_path, made, last
):
    names, _ = strain(made, tmp_path / "out", ("drums", "bass"), last)
    assert names == [
        f"slakh2100_flac_redux/{track}/{file}"
        for track in ("test/Track00003", "train/Track00001")
        for file in ("metadata.yaml", "stems/S00.flac", "stems/S02.flac", "stems/S07.flac")
    ]


@pytest.mark.parametrize("last", [".flac", ".yaml"])
def test_a_track_without_wanted_stems_is_left_out(tmp_path, made, last):
    assert strain(made, tmp_path / "out", ("piano",), last)[0] == []
    assert not list((tmp_path / "out").rglob("Track*"))


def test_of_all_sources_every_stem_is_kept(tmp_path, made):
    names, _ = strain(made, tmp_path / "out", None, ".yaml")
    assert len(names) == 2 * (1 + len(CLASSES))


def test_what_is_not_wanted_is_gone_before_the_next_track(tmp_path, made):
    _, n_largest = strain(made, tmp_path / "out", ("drums",), ".yaml")
    assert n_largest == len(CLASSES) + 1  # all of the second track, one stem of the first


def test_a_source_that_slakh_does_not_have_is_answered_with_those_it_has(tmp_path):
    with pytest.raises(DataError, match=r"no drum, kazoo; there are bass, .*strings, synth_"):
        Sieve(tmp_path, ("drums", "kazoo", "drum"))


def test_room_for_two_sources_is_far_less_than_for_all():
    assert n_bytes_kept(None, 108_000_000_000) == 108_000_000_000
    assert n_bytes_kept(("drums", "bass"), 108_000_000_000) == 40_000_000_000
    assert n_bytes_kept(tuple("abcdefgh"), 108_000_000_000) == 108_000_000_000

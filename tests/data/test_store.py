import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dirac.data.excerpts import Excerpt, Excerpts
from dirac.data.store import VERSION, LatentStore, StoreError, StoreMeta, StoreWriter

from . import stores

SHAPE = (3, 8, 700)  # mixture and two sources; a record is several pages


def record(number: int) -> np.ndarray | str:
    if number % 5 == 3:
        return "mixture below -60 dB"
    return np.random.default_rng(number).standard_normal(SHAPE).astype(np.float16)


def meta_of(writer: StoreWriter, version: int = VERSION) -> StoreMeta:
    kept = np.delete(np.arange(writer.n_records), list(writer.dropped()))
    mean, std = writer.moments()
    return StoreMeta(
        version=version,
        data_name="synthetic",
        codec={"name": "spectrogram", "power": 0.5},
        sample_rate=24_000,
        frame_rate=75.0,
        exponent=2.0,
        homogeneous=True,
        n_channels=SHAPE[1],
        n_frames=SHAPE[2],
        dtype="float16",
        sources=("drums", "bass"),
        speeds=(),
        excerpts=Excerpts(("a", "b", "c", "d", "song 4"), kept % 5, np.full(len(kept), 0.5), 2.0),
        records=kept,
        dropped={"mixture below -60 dB": len(writer.dropped())},
        mean=tuple(mean),
        std=tuple(std),
    )


def write(path: Path, n_records: int = 10, n_together: int = 4) -> Path:
    writer = StoreWriter(path)
    for first in range(writer.n_records, n_records, n_together):
        writer.append([record(n) for n in range(first, min(first + n_together, n_records))])
    writer.finish(meta_of(writer))
    return path


@pytest.fixture
def path(tmp_path) -> Path:
    return write(tmp_path / "train.lmdb")


def test_what_was_written_is_read_by_excerpt_and_source(path):
    store = LatentStore(path)
    kept = [0, 1, 2, 4, 5, 6, 7, 9]
    assert len(store) == len(kept)
    assert store.meta.records.tolist() == kept
    assert store.meta.excerpts[3] == Excerpt("song 4", 0.5, 2.0)
    assert store.meta.codec["power"] == 0.5
    for index, number in enumerate(kept):
        expected = record(number).astype(np.float32)
        assert store.mixture(index).dtype == np.float32
        np.testing.assert_array_equal(store.mixture(index), expected[0])
        np.testing.assert_array_equal(store.source(index, "bass"), expected[2])
        np.testing.assert_array_equal(store.mixture(index, 30, 5), expected[0, :, 30:35])
        np.testing.assert_array_equal(store.source(index, "drums", 690), expected[1, :, 690:])


def test_the_moments_are_those_of_all_mixtures(path):
    store = LatentStore(path)
    mixtures = np.concatenate([store.mixture(i) for i in range(len(store))], axis=1, dtype=float)
    np.testing.assert_allclose(store.meta.mean, mixtures.mean(1), atol=1e-12)
    np.testing.assert_allclose(store.meta.std, mixtures.std(1), atol=1e-12)


def test_mixtures_are_there_at_other_speeds(tmp_path):
    random = np.random.default_rng(0)
    mixtures, bass, faster, slower = (random.random((3, 8, n)) for n in (50, 50, 40, 62))
    sources, played = {"drums": mixtures, "bass": bass}, {1.25: faster, 0.8: slower}
    path = stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0, sources, played=played)
    store = LatentStore(path)
    for index in range(3):
        np.testing.assert_allclose(store.mixture(index, speed=1.25), faster[index], rtol=1e-6)
        later = store.mixture(index, 2, 60, speed=0.8)
        np.testing.assert_allclose(later, slower[index, :, 2:], rtol=1e-6)
        np.testing.assert_allclose(store.mixture(index), mixtures[index], rtol=1e-6)
        np.testing.assert_allclose(store.source(index, "bass"), bass[index], rtol=1e-6)
    with pytest.raises(IndexError, match="3 excerpts of 40 frames"):
        store.mixture(0, 0, 41, speed=1.25)
    with pytest.raises(StoreError, match="no mixtures at 2 times their speed"):
        store.mixture(0, speed=2.0)


def test_a_single_source_is_its_mixture_at_other_speeds_too(tmp_path):
    random = np.random.default_rng(0)
    mixtures, faster = random.random((3, 8, 50)), random.random((3, 8, 25))
    path = stores.write_mixtures(tmp_path / "a.lmdb", mixtures, 2.0, played={2.0: faster})
    np.testing.assert_allclose(LatentStore(path).mixture(1, speed=2.0), faster[1], rtol=1e-6)


def test_what_is_not_there_is_an_error(path):
    store = LatentStore(path)
    for arguments in ((8,), (-1,), (0, 0, 701), (0, -1, 5), (0, 701)):
        with pytest.raises(IndexError, match="8 excerpts of 700 frames"):
            store.mixture(*arguments)
    with pytest.raises(ValueError, match="piano"):
        store.source(0, "piano")


def test_the_same_records_give_the_same_bytes_and_no_more_than_they_need(tmp_path, path):
    assert write(tmp_path / "again.lmdb").read_bytes() == path.read_bytes()
    size = write(tmp_path / "large.lmdb", n_records=60).stat().st_size
    assert size < 1.25 * 0.8 * 60 * 2 * np.prod(SHAPE)


@pytest.mark.parametrize("n_written", [0, 4, 8])
def test_a_writer_goes_on_after_whole_commits(tmp_path, path, n_written):
    resumed = tmp_path / "resumed.lmdb"
    for first in range(0, n_written, 4):
        StoreWriter(resumed).append([record(n) for n in range(first, first + 4)])
    assert StoreWriter(resumed).n_records == n_written
    assert write(resumed).read_bytes() == path.read_bytes()
    assert StoreWriter(resumed).is_finished


class Deadly(list):
    """Kills the process that reads item 2."""

    def __iter__(self):
        for number, item in enumerate(super().__iter__()):
            if number == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            yield item


def test_a_writer_goes_on_after_a_kill_within_a_commit(tmp_path, path):
    killed = tmp_path / "killed.lmdb"
    writer = StoreWriter(killed)
    writer.append([record(n) for n in range(4)])
    records = Deadly(record(n) for n in range(4, 8))
    process = multiprocessing.get_context("fork").Process(target=writer.append, args=(records,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert StoreWriter(killed).n_records == 4
    assert write(killed).read_bytes() == path.read_bytes()


def test_a_commit_whose_pages_but_not_its_head_are_on_disk_is_done_again(tmp_path, path):
    torn, before = tmp_path / "torn.lmdb", tmp_path / "before.lmdb"
    for file, n_commits in ((before, 1), (torn, 2)):
        for first in range(0, 4 * n_commits, 4):
            StoreWriter(file).append([record(n) for n in range(first, first + 4)])
    torn.write_bytes(before.read_bytes()[:8192] + torn.read_bytes()[8192:])
    assert StoreWriter(torn).n_records == 4
    assert write(torn).read_bytes() == path.read_bytes()


def test_a_store_of_which_the_disk_took_less_than_a_head_is_begun_anew(tmp_path, path):
    for n_bytes in (0, 5, 1000, 4096, 8191):
        StoreWriter(torn := tmp_path / f"{n_bytes}.lmdb")
        torn.write_bytes(torn.read_bytes()[:n_bytes])
        assert write(torn).read_bytes() == path.read_bytes()


def read_some(store: LatentStore) -> float:
    return float(store.mixture(3).sum())


FORKED = """
import multiprocessing
import sys
from pathlib import Path
from tests.data.test_store import read_some
from dirac.data.excerpts import Excerpt, Excerpts
from dirac.data.store import VERSION, LatentStore

store = LatentStore(Path(sys.argv[1]))
expected = read_some(store)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(read_some, [store] * 6) == [expected] * 6
assert read_some(store) == expected
"""


def test_a_store_is_read_before_and_after_a_fork(path):
    """In a process of its own: one that has threads, as this has, may hang when it forks."""
    command = [sys.executable, "-c", FORKED, str(path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2], timeout=120)


def test_a_store_is_read_when_pickled(path):
    store = LatentStore(path)
    assert read_some(pickle.loads(pickle.dumps(store))) == read_some(store)
    assert len(pickle.dumps(store)) < 2000  # no handle, no latents


def test_two_stores_of_a_file_share_its_handle(path):
    first, second = LatentStore(path), LatentStore(path.parent / "." / path.name)
    np.testing.assert_array_equal(first.mixture(0), second.mixture(0))


def test_a_store_that_was_replaced_is_read_anew(tmp_path, path):
    assert len(LatentStore(path)) == 8
    write(tmp_path / "other.lmdb", n_records=3).replace(path)
    assert len(LatentStore(path)) == 3


def other_version(path: Path) -> None:
    path.unlink()
    writer = StoreWriter(path)
    writer.append([record(0)])
    writer.finish(meta_of(writer, version=VERSION + 1))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: (path.unlink(), StoreWriter(path).append([record(0)])), "half-written"),
        (other_version, "another version"),
        (lambda path: path.write_bytes(b""), "not a store"),
        (lambda path: path.write_bytes(b"no database " * 1000), "not a store"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9000]), "not a store.*bytes"),
        (lambda path: (path.unlink(), path.mkdir()), "is missing"),
    ],
)
def test_what_is_no_finished_store_is_one_clear_error(path, damage, message):
    damage(path)
    with pytest.raises(StoreError, match=rf"train\.lmdb.*{message}"):
        LatentStore(path)


def test_writing_over_something_else_is_refused(tmp_path):
    song = tmp_path / "song.txt"
    for n_lines in (1, 2000):
        song.write_text("la la la\n" * n_lines)
        with pytest.raises(StoreError, match=r"song\.txt"):
            StoreWriter(song)
        assert song.exists()

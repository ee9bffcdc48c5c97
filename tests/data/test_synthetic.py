import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from dirac.data import collections
from dirac.data.rendering import PERCUSSION, VOICES
from dirac.data.splits import SPLITS
from dirac.data.synthetic import Making, make_dataset
from dirac.data.tracks import read_sources

RATE, SECONDS = 8000, 6.0
MAKING = Making(
    duration_seconds=SECONDS,
    sample_rate=RATE,
    level_db=6.0,
    production=0.5,
    drum_voices=True,
    banks=(),
    synthesis=0.0,
    tuning=0.0,
    dense=0.0,
)
N_SONGS = {"train": 2, "validation": 1, "test": 1}


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("synthetic") / "raw"
    make_dataset(target, 5, N_SONGS, MAKING)
    return target


def test_layout_is_slakhs(root: Path) -> None:
    names = [[track.name for track in sorted((root / split).iterdir())] for split in SPLITS]
    assert names == [["Track00001", "Track00002"], ["Track00003"], ["Track00004"]]
    for track in root.glob("*/*"):
        metadata = YAML(typ="safe").load(track / "metadata.yaml")
        expected = {"all_src.mid", "metadata.yaml", "mix.flac"}
        for stem, values in metadata["stems"].items():
            expected |= {f"MIDI/{stem}.mid", f"stems/{stem}.flac"}
            assert values["is_drum"] == (values["inst_class"] == "Drums")
            assert values["audio_rendered"]
            assert ("voices" in values) == values["is_drum"]
            expected |= {f"stems/{file}" for file in values.get("voices", {}).values()}
        files = {str(path.relative_to(track)) for path in track.rglob("*") if path.is_file()}
        assert files == expected


def test_audio_is_16_bit_mono_of_the_length_asked_for(root: Path) -> None:
    for path in root.rglob("*.flac"):
        info = soundfile.info(path)
        assert (info.subtype, info.channels, info.samplerate) == ("PCM_16", 1, RATE)
        assert info.frames == SECONDS * RATE


def test_the_mixture_is_the_sum_of_the_stems(root: Path) -> None:
    for track in root.glob("*/*"):
        stems = [soundfile.read(path)[0] for path in sorted((track / "stems").glob("*.flac"))]
        mixture, _ = soundfile.read(track / "mix.flac")
        assert np.abs(sum(stems) - mixture).max() < (len(stems) + 1) / 2**15
        assert 0.5 < max(np.abs(sound).max() for sound in (mixture, *stems)) <= 0.9001
        assert all(stem.any() for stem in stems)


def test_voices_add_up_to_the_drums_and_are_sources(root: Path) -> None:
    for track in collections.find_tracks("synthetic", root):
        sources = [name for name in (*VOICES, PERCUSSION) if name in track.stems]
        assert len(sources) >= 2
        voices = [read_sources(track, (name,), 0, SECONDS, RATE, 1)[0, 0] for name in sources]
        drums = read_sources(track, ("drums",), 0, SECONDS, RATE, 1)[0, 0]
        assert np.abs(sum(voices) - drums).max() < (len(voices) + 1) / 2**15
        assert all(voice.any() for voice in voices)


def test_without_voices_there_is_nothing_of_ours(tmp_path: Path) -> None:
    plain = replace(MAKING, drum_voices=False, production=0.0)
    make_dataset(tmp_path, 5, {"train": 1}, plain)
    assert not list(tmp_path.rglob("voices"))
    assert "voices" not in (tmp_path / "train/Track00001/metadata.yaml").read_text()


def test_no_two_songs_are_equal(root: Path) -> None:
    songs = [path.read_bytes() for path in root.rglob("all_src.mid")]
    assert len(set(songs)) == len(songs) == 4


def test_a_broken_run_goes_on_with_the_same_bytes(root: Path) -> None:
    before = hashes(root)
    shutil.rmtree(root / "train" / "Track00002")
    half_written = root / "train" / ".Track00002.partial" / "stems"
    half_written.mkdir(parents=True)
    (half_written / "S00.flac").write_bytes(b"half")
    untouched = root / "test" / "Track00004" / "mix.flac"
    written = untouched.stat().st_mtime_ns
    make_dataset(root, 5, N_SONGS, MAKING)
    assert hashes(root) == before
    assert untouched.stat().st_mtime_ns == written


def test_another_seed_is_another_set(root: Path, tmp_path: Path) -> None:
    make_dataset(tmp_path, 6, {"train": 1}, MAKING)
    song = "train/Track00001/all_src.mid"
    assert (tmp_path / song).read_bytes() != (root / song).read_bytes()


@pytest.mark.parametrize(
    ("seed", "n_songs", "seconds"),
    [(6, N_SONGS, 6.0), (5, {"train": 1}, 6.0), (5, N_SONGS, 7.0)],
)
def test_sets_are_not_mixed(root: Path, seed: int, n_songs: dict[str, int], seconds: float) -> None:
    with pytest.raises(FileExistsError, match="does not belong to the synthetic data set"):
        make_dataset(root, seed, n_songs, replace(MAKING, duration_seconds=seconds))


def test_unknown_splits_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"valid.*train, validation, test"):
        make_dataset(tmp_path, 0, {"valid": 1}, MAKING)


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "raw"
    target.write_text("a file")
    with pytest.raises(OSError, match=r"cannot write the synthetic data set: .*raw"):
        make_dataset(target, 0, {"train": 1}, MAKING)

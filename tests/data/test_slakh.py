import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from dirac.data import collections
from dirac.data.errors import DataError
from dirac.data.slakh import source_name
from dirac.data.splits import split_names
from dirac.data.tracks import read_sources


def find_tracks(root):
    return collections.find_tracks("slakh2100", root)


def edit_metadata(folder, change):
    yaml = YAML(typ="safe")
    values = yaml.load(folder / "metadata.yaml")
    change(values)
    yaml.dump(values, folder / "metadata.yaml")


def simple(slakh_track, sine, folder, suffix=".flac"):
    waveforms = {"S00": sine(100), "S01": sine(200)}
    return slakh_track(folder, {"S00": "Drums", "S01": "Bass"}, waveforms, suffix)


@pytest.mark.parametrize(
    ("inst_class", "source"),
    [
        ("Drums", "drums"),
        ("Strings (continued)", "strings"),
        ("Synth Lead", "synth_lead"),
        ("Chromatic Percussion", "chromatic_percussion"),
    ],
)
def test_one_vocabulary_of_sources(inst_class, source):
    assert source_name(inst_class) == source


def test_splits_are_found_under_the_archive_folder_and_omitted_is_left_out(
    tmp_path, slakh_track, sine
):
    base = tmp_path / "slakh2100_flac_redux"
    places = ("test/Track01876", "train/Track00002", "train/Track00001", "validation/Track01501")
    for place in (*places, "omitted/Track00003"):
        simple(slakh_track, sine, base / place)
    expected = [
        ("train-Track00001", "train"),
        ("train-Track00002", "train"),
        ("validation-Track01501", "validation"),
        ("test-Track01876", "test"),
    ]
    for root in (tmp_path, base):
        tracks = find_tracks(root)
        assert [(track.name, track.split) for track in tracks] == expected
    assert (tracks[0].sample_rate, tracks[0].n_samples) == (8000, 4000)


def test_what_is_on_disk_counts_and_not_what_metadata_says(tmp_path, slakh_track, sine):
    classes = {
        "S00": "Piano",
        "S03": "Drums",
        "S04": "Bass",
        "S07": "Piano",
        "S09": "Strings (continued)",
    }
    waveforms = {
        "S00": sine(100),
        "S03": sine(200),
        "S07": sine(400),
        "S09": np.zeros(4000),
        "S12": sine(50),
    }
    folder = slakh_track(tmp_path / "train" / "Track00616", classes, waveforms)

    def lie(values):
        values["audio_dir"] = "/elsewhere/Track00614/stems"
        values["stems"]["S03"]["audio_rendered"] = False  # its file exists; that of S04 does not

    edit_metadata(folder, lie)
    (track,) = find_tracks(tmp_path)
    numbers = {source: [stem.path.stem for stem in stems] for source, stems in track.stems.items()}
    assert numbers == {"drums": ["S03"], "piano": ["S00", "S07"], "strings": ["S09"]}
    assert all(folder in stem.path.parents for stems in track.stems.values() for stem in stems)

    read = read_sources(track, ("drums", "bass", "piano", "strings"), 0.0, 0.5, 8000, 1)[:, 0]
    expected = [sine(200), np.zeros(4000), (sine(100) + sine(400)) / 2, np.zeros(4000)]
    np.testing.assert_allclose(read, expected, atol=1e-4)


def test_babyslakh_is_split_by_the_names_of_its_tracks(tmp_path, slakh_track, sine):
    for number in range(1, 21):
        simple(slakh_track, sine, tmp_path / "babyslakh_16k" / f"Track{number:05d}", ".wav")
    tracks = find_tracks(tmp_path)
    assert [track.split for track in tracks] == ["train"] * 14 + ["validation"] * 3 + ["test"] * 3
    names = split_names(f"Track{number:05d}" for number in range(1, 21))
    assert [track.name for track in tracks] == [
        f"{split}-{name}" for split, found in names.items() for name in found
    ]


def test_a_track_without_mix_is_as_long_as_its_stems(tmp_path, slakh_track, sine):
    folder = simple(slakh_track, sine, tmp_path / "test" / "Track00001")
    (folder / "mix.flac").unlink()
    assert find_tracks(tmp_path)[0].n_samples == 4000


@pytest.mark.parametrize("make", [False, True])
def test_no_folder_and_an_empty_folder_are_errors(tmp_path, make):
    root = tmp_path / "raw"
    if make:
        (root / "train").mkdir(parents=True)
    with pytest.raises(DataError, match=rf"{root} (is not a folder|holds no tracks).*data\.root"):
        find_tracks(root)


def test_a_stem_of_another_length_is_named(tmp_path, slakh_track, sine):
    folder = simple(slakh_track, sine, tmp_path / "train" / "Track00001")
    soundfile.write(folder / "stems" / "S01.flac", sine(200, 0.3), 8000)
    with pytest.raises(DataError, match=r"S01\.flac has 2400 samples, but mix\.flac"):
        find_tracks(tmp_path)


def test_a_track_without_any_stem_file_is_an_error(tmp_path, slakh_track, sine):
    folder = simple(slakh_track, sine, tmp_path / "train" / "Track00001")
    for path in (folder / "stems").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="Track00001/stems holds none of the stems"):
        find_tracks(tmp_path)


@pytest.mark.parametrize("text", [None, "", "stems: [", "stems: none\n", "UUID: 1\n", "- 1\n"])
def test_bad_metadata_is_named(tmp_path, slakh_track, sine, text):
    folder = simple(slakh_track, sine, tmp_path / "train" / "Track00001")
    path = folder / "metadata.yaml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(DataError, match=r"Track00001/metadata\.yaml (is missing|is no metadata)"):
        find_tracks(tmp_path)


@pytest.mark.parametrize("inst_class", [None, "", 3, "(continued)"])
def test_a_stem_without_class_is_named(tmp_path, slakh_track, sine, inst_class):
    folder = simple(slakh_track, sine, tmp_path / "train" / "Track00001")
    edit_metadata(folder, lambda values: values["stems"]["S01"].update(inst_class=inst_class))
    with pytest.raises(DataError, match=r"metadata\.yaml: stem S01 has no inst_class"):
        find_tracks(tmp_path)


def test_voices_of_drums_are_sources(tmp_path, slakh_track, sine):
    folder = simple(slakh_track, sine, tmp_path / "train" / "Track00001")
    (folder / "stems" / "voices").mkdir()
    soundfile.write(folder / "stems" / "voices" / "S00_kick.flac", sine(50), 8000)
    names = {"kick": "voices/S00_kick.flac"}
    edit_metadata(folder, lambda values: values["stems"]["S00"].update(voices=names))
    (track,) = find_tracks(tmp_path)
    assert set(track.stems) == {"bass", "drums", "kick"}
    read = read_sources(track, ("kick", "snare"), 0.0, 0.5, 8000, 1)[:, 0]
    np.testing.assert_allclose(read, [sine(50), np.zeros(4000)], atol=1e-4)
    (folder / "stems" / "voices" / "S00_kick.flac").unlink()
    with pytest.raises(DataError, match=r"S00_kick\.flac is missing"):
        find_tracks(tmp_path)

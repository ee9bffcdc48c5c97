"""Slakh2100, BabySlakh and our synthetic set: one folder a track, with metadata.yaml and stems.

    [data set folder/] [train|validation|test/] TrackNNNNN / metadata.yaml, mix.flac, stems/SNN.flac

In our synthetic set a stem of drums may have voices (kick, snare, ...), which are sources too.

The reader trusts the files and not what metadata.yaml says about them: the instrument class of a
stem is all that it takes from there. In Slakh2100 numbers of stems have gaps, the flag
`audio_rendered` can be wrong either way, and a track's yaml may name folders of another one.
"""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dirac.audio.files import audio_info
from dirac.data.errors import DataError
from dirac.data.folders import VOICES_KEY, locate
from dirac.data.splits import SPLITS, split_names
from dirac.data.tracks import Stem, Track, track_info

METADATA = "metadata.yaml"

AUDIO_SUFFIXES = (".flac", ".wav")


def find_places(root: Path) -> list[tuple[Path, str]]:
    """Folder and split of each track, by split and number; Slakh2100's `omitted` is left out.

    `root` is the folder that holds the splits, or the folder around it. Where there are no splits
    (BabySlakh), tracks are split by their names: `splits.split_names`, 14, 3 and 3 of its 20.
    Raises DataError if there are none.
    """
    expected = "train/TrackNNNNN or TrackNNNNN, each with metadata.yaml and stems"
    base = locate(root, holds_tracks, expected)
    if has_no_splits(base):
        names = split_names(folder.name for folder in _track_folders(base))
        return [(base / name, split) for split in SPLITS for name in names[split]]
    return [(folder, split) for split in SPLITS for folder in _track_folders(base / split)]


def source_name(inst_class: str) -> str:
    """Slakh's instrument class as a source: "Strings (continued)" -> "strings", "Synth Lead" ->
    "synth_lead"."""
    return re.sub(r"\(.*?\)", "", inst_class).strip().lower().replace(" ", "_")


def holds_tracks(base: Path) -> bool:
    return any(_track_folders(folder) for folder in (base, *(base / split for split in SPLITS)))


def has_no_splits(base: Path) -> bool:
    """As BabySlakh."""
    return bool(_track_folders(base))


def _track_folders(base: Path) -> list[Path]:
    return sorted(path for path in base.glob("Track*") if path.is_dir())


def read_track(folder: Path, split: str) -> Track:
    """Raises DataError or AudioError, naming the file, if the track is not as it must be."""
    stems: dict[str, list[Stem]] = {}
    for number, entry in _read_stem_entries(folder / METADATA).items():
        path = _audio_file(folder / "stems", str(number))
        if path is not None:
            stems.setdefault(_source(folder, str(number), entry), []).append(Stem(path))
            for voice, file in _voices(folder, entry).items():
                stems.setdefault(voice, []).append(Stem(file))
    if not stems:
        raise DataError(
            f"{folder / 'stems'} holds none of the stems that metadata.yaml names: "
            "replace that track's files or remove its folder"
        )
    mixture = _audio_file(folder, "mix")
    paths = [stem.path for of_source in stems.values() for stem in of_source]
    paths = [mixture, *paths] if mixture else paths
    info = track_info(folder.name, {path: audio_info(path) for path in paths})
    return Track(
        name=f"{split}-{folder.name}",
        split=split,
        sample_rate=info.sample_rate,
        n_samples=info.n_samples,
        stems={source: tuple(stems[source]) for source in sorted(stems)},
    )


def read_sources_of_stems(folder: Path) -> dict[str, str]:
    """The source of each stem (S00, ...) that the track's metadata names, whatever is on disk."""
    entries = _read_stem_entries(folder / METADATA)
    return {str(number): _source(folder, str(number), entry) for number, entry in entries.items()}


def _read_stem_entries(path: Path) -> dict[object, Any]:
    try:
        stems = YAML(typ="safe").load(path)["stems"]
        return dict(sorted(stems.items()))
    except FileNotFoundError:
        problem = "is missing"
    except (YAMLError, KeyError, TypeError, AttributeError) as error:
        problem = f"is no metadata of Slakh ({type(error).__name__})"
    raise DataError(f"{path} {problem}: replace that track's files or remove its folder")


def _audio_file(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}{suffix}" for suffix in AUDIO_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _source(folder: Path, number: str, entry: Any) -> str:
    inst_class = entry.get("inst_class") if isinstance(entry, dict) else None
    if not isinstance(inst_class, str) or not source_name(inst_class):
        raise DataError(f"{folder / 'metadata.yaml'}: stem {number} has no inst_class")
    return source_name(inst_class)


def _voices(folder: Path, entry: Any) -> dict[str, Path]:
    """The files of a drums stem's voices, by name; those of our own set alone have any.

    Raises DataError if one that is named is missing.
    """
    named = entry.get(VOICES_KEY) or {}
    files = {str(voice): folder / "stems" / str(file) for voice, file in dict(named).items()}
    for path in files.values():
        if not path.is_file():
            raise DataError(f"{path} is missing, which {folder / 'metadata.yaml'} names")
    return files

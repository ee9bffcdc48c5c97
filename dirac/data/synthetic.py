"""The built-in data set: songs composed from a seed and rendered, in Slakh2100's folder layout."""

import io
import multiprocessing
import os
import shutil
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from ruamel.yaml import YAML
from tqdm import tqdm

from dirac.data.music.composer import compose
from dirac.data.music.midi import to_score
from dirac.data.music.song import DRUMS, Song
from dirac.data.rendering import PEAK, find_sound_font, render
from dirac.data.soundfont import Samples

SPLITS = ("train", "validation", "test")
DRUM_PROGRAM = 128  # Slakh's program_num of drums


@dataclass(frozen=True)
class Recipe:
    """All that a track is made from."""

    split: str
    number: int  # of the track, unique over the splits
    seeds: tuple[int, int, int]  # seed of the set, split, place in the split
    duration_seconds: float
    sample_rate: int

    @property
    def name(self) -> str:
        return f"Track{self.number:05d}"

    @property
    def uuid(self) -> str:
        return uuid.uuid5(uuid.NAMESPACE_OID, repr(self)).hex

    def folder_in(self, target: Path) -> Path:
        return target / self.split / self.name


def make_dataset(
    target: Path,
    seed: int,
    n_songs: Mapping[str, int],
    duration_seconds: float,
    sample_rate: int,
) -> None:
    """Writes target/{train,validation,test}/TrackNNNNN as Slakh2100 does (16-bit mono flac).

    Every song has its own seed, drawn from `seed`, its split and its place there, so no two splits
    share one. A track folder appears only when complete: called again on the same target, the
    function makes what is missing, with the same bytes.

    Raises FileExistsError if target holds tracks that this call would not make, FileNotFoundError
    if the sound font is missing, OSError if a file cannot be written.
    """
    find_sound_font()
    recipes = _recipes(seed, n_songs, duration_seconds, sample_rate)
    _refuse_foreign_tracks(target, recipes)
    missing = [recipe for recipe in recipes if not recipe.folder_in(target).exists()]
    try:
        for split in SPLITS:
            (target / split).mkdir(parents=True, exist_ok=True)
        _make_tracks(target, missing, n_done=len(recipes) - len(missing))
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot write the synthetic data set: {error.strerror}; what is complete stays, so "
            "the same command goes on from there",
            str(error.filename or target),
        ) from error


def make_track(target: Path, recipe: Recipe) -> None:
    """Composes, renders and writes one track folder, beside its place and then renamed."""
    song = compose(np.random.default_rng(recipe.seeds), recipe.duration_seconds)
    stems = render(song, recipe.duration_seconds, recipe.sample_rate)
    beside = recipe.folder_in(target).with_name(f".{recipe.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    for folder in ("MIDI", "stems"):
        (beside / folder).mkdir(parents=True)
    for number, (part, stem) in enumerate(zip(song.parts, stems, strict=True)):
        midi = to_score(song, [part]).dumps_midi()
        (beside / "MIDI" / f"S{number:02d}.mid").write_bytes(midi)
        (beside / "stems" / f"S{number:02d}.flac").write_bytes(_flac(stem, recipe.sample_rate))
    (beside / "all_src.mid").write_bytes(to_score(song, song.parts).dumps_midi())
    mixture: Samples = np.sum(np.stack(stems), axis=0, dtype=np.float32)
    (beside / "mix.flac").write_bytes(_flac(mixture, recipe.sample_rate))
    (beside / "metadata.yaml").write_bytes(_metadata(recipe, song))
    beside.rename(recipe.folder_in(target))


def _refuse_foreign_tracks(target: Path, recipes: list[Recipe]) -> None:
    """A folder that holds another set, of another seed or length say, is not to be mixed with."""
    expected = {recipe.folder_in(target): recipe.uuid for recipe in recipes}
    for folder in sorted(target.glob("*/Track*")):
        metadata = folder / "metadata.yaml"
        uuid_here = expected.get(folder)
        if uuid_here is None or not metadata.is_file() or uuid_here not in metadata.read_text():
            raise FileExistsError(
                f"{folder} does not belong to the synthetic data set that was asked for: "
                "remove it, or choose another folder"
            )


def _recipes(
    seed: int, n_songs: Mapping[str, int], duration_seconds: float, sample_rate: int
) -> list[Recipe]:
    unknown = set(n_songs) - set(SPLITS)
    if unknown:
        raise ValueError(f"unknown splits {sorted(unknown)}: n_songs takes {', '.join(SPLITS)}")
    places = [(split, index) for split in SPLITS for index in range(n_songs.get(split, 0))]
    return [
        Recipe(split, number, (seed, SPLITS.index(split), index), duration_seconds, sample_rate)
        for number, (split, index) in enumerate(places, start=1)
    ]


def _make_tracks(target: Path, recipes: list[Recipe], n_done: int) -> None:
    progress = tqdm(total=n_done + len(recipes), initial=n_done, desc="composing", unit="song")
    # Spawned, not forked: the caller may have threads (torch) that a fork would break.
    context = multiprocessing.get_context("spawn")
    n_workers = max(min(os.cpu_count() or 1, len(recipes)), 1)
    with progress, ProcessPoolExecutor(n_workers, context, _leave_with_parent) as pool:
        tracks = [pool.submit(make_track, target, recipe) for recipe in recipes]
        try:
            for track in as_completed(tracks):
                track.result()
                progress.update()
        finally:
            pool.shutdown(cancel_futures=True)


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for it forever."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _flac(samples: Samples, sample_rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _metadata(recipe: Recipe, song: Song) -> bytes:
    """Slakh2100's metadata.yaml."""
    stems = {
        f"S{number:02d}": {
            "audio_rendered": True,
            "inst_class": part.inst_class,
            "is_drum": part.is_drum,
            "midi_program_name": part.inst_class,
            "midi_saved": True,
            "plugin_name": "TimGM6mb.sf2",
            "program_num": DRUM_PROGRAM if part.inst_class == DRUMS else part.program,
        }
        for number, part in enumerate(song.parts)
    }
    metadata = {
        "UUID": recipe.uuid,
        "audio_dir": "stems",
        "lmd_midi_dir": None,
        "midi_dir": "MIDI",
        "normalization_factor": None,
        "normalized": True,
        "overall_gain": 1.0,
        "stems": stems,
        "target_peak": PEAK,
    }
    file = io.BytesIO()
    YAML(typ="safe").dump(metadata, file)
    return file.getvalue()

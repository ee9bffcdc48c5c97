"""The built-in data set: songs composed from a seed and rendered, in Slakh2100's folder layout."""

import io
import multiprocessing
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from tqdm import tqdm

from dirac.audio.encoded import encoded
from dirac.command import end_with_parent
from dirac.data.banks import Instruments, load_instruments
from dirac.data.chains import draw_production
from dirac.data.folders import VOICES_KEY
from dirac.data.mixing import PEAK, Voices, mix_song, sum_voices
from dirac.data.music.composer import compose
from dirac.data.music.midi import to_score
from dirac.data.music.song import DRUMS, Song
from dirac.data.soundfont import Samples
from dirac.data.splits import SPLITS

VOICES_FOLDER = "voices"  # within that of the stems
DRUM_PROGRAM = 128  # Slakh's program_num of drums


@dataclass(frozen=True)
class Making:
    """How tracks are made: `data.synthetic` of params.yaml but for the seed and numbers of songs.

    level_db: parts are mixed up to that much louder or softer; production: share of the parts that
    get effects; drum_voices: whether the drums' voices are written as well;
    banks: files of more instruments; synthesis: share of the parts that are synthesized;
    tuning: share of the sampled drum kits that are tuned; dense: share of the produced parts in
    which little is silent.
    """

    duration_seconds: float
    sample_rate: int
    level_db: float
    production: float
    drum_voices: bool
    banks: tuple[Path, ...]
    synthesis: float
    tuning: float
    dense: float

    @property
    def instruments(self) -> Instruments:
        return load_instruments(self.banks, self.synthesis, self.tuning)


@dataclass(frozen=True)
class Recipe:
    """All that a track is made from."""

    split: str
    number: int  # of the track, unique over the splits
    seeds: tuple[int, int, int]  # seed of the set, split, place in the split
    making: Making

    @property
    def name(self) -> str:
        return f"Track{self.number:05d}"

    @property
    def uuid(self) -> str:
        """Knows banks by their names only: they may lie elsewhere on another machine."""
        banks = tuple(Path(path.name) for path in self.making.banks)
        content = replace(self, making=replace(self.making, banks=banks))
        return uuid.uuid5(uuid.NAMESPACE_OID, repr(content)).hex

    def folder_in(self, target: Path) -> Path:
        return target / self.split / self.name


def make_dataset(
    target: Path,
    seed: int,
    n_songs: Mapping[str, int],
    making: Making,
) -> None:
    """Writes target/{train,validation,test}/TrackNNNNN as Slakh2100 does (16-bit mono flac).

    Every song has its own seed, drawn from `seed`, its split and its place there, so no two splits
    share one. A track folder appears only when complete: called again on the same target, the
    function makes what is missing, with the same bytes.

    Raises FileExistsError if target holds tracks that this call would not make, FileNotFoundError
    if a bank of instruments is missing, DataError if one is broken, OSError if a file cannot be
    written.
    """
    _ = making.instruments  # a missing one stops here, not in every worker
    recipes = _recipes(seed, n_songs, making)
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
    making = recipe.making
    rng = np.random.default_rng(recipe.seeds)
    song = compose(rng, making.duration_seconds, making.level_db, making.instruments.draw)
    produced = [draw_production(rng, part, making.production, making.dense) for part in song.parts]
    song, chains = (
        replace(song, parts=tuple(part for part, _ in produced)),
        [c for _, c in produced],
    )
    n_samples = round(making.duration_seconds * making.sample_rate)
    rate, split = making.sample_rate, making.drum_voices
    rendered = mix_song(song, n_samples, rate, making.instruments, chains, split_drums=split)
    beside = recipe.folder_in(target).with_name(f".{recipe.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    for name, content in _files(recipe, song, rendered):
        (beside / name).parent.mkdir(parents=True, exist_ok=True)
        (beside / name).write_bytes(content)
    beside.rename(recipe.folder_in(target))


def _files(recipe: Recipe, song: Song, rendered: list[Voices]) -> Iterator[tuple[str, bytes]]:
    """Path within the track's folder and contents of every file."""
    rate, stems = recipe.making.sample_rate, [sum_voices(voices) for voices in rendered]
    for number, (part, voices, stem) in enumerate(zip(song.parts, rendered, stems, strict=True)):
        yield f"MIDI/S{number:02d}.mid", to_score(song, [part]).dumps_midi()
        yield f"stems/S{number:02d}.flac", _flac(stem, rate)
        if part.is_drum and recipe.making.drum_voices:
            for voice, samples in voices.items():
                yield f"stems/{_voice_file(number, voice)}", _flac(samples, rate)
    yield "all_src.mid", to_score(song, song.parts).dumps_midi()
    yield "mix.flac", _flac(np.sum(np.stack(stems), axis=0, dtype=np.float32), rate)
    yield "metadata.yaml", _metadata(recipe, song, rendered)


def _voice_file(number: int, voice: str) -> str:
    """Of a voice of stem `number`, within the folder of the stems."""
    return f"{VOICES_FOLDER}/S{number:02d}_{voice}.flac"


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


def _recipes(seed: int, n_songs: Mapping[str, int], making: Making) -> list[Recipe]:
    unknown = set(n_songs) - set(SPLITS)
    if unknown:
        raise ValueError(f"unknown splits {sorted(unknown)}: n_songs takes {', '.join(SPLITS)}")
    places = [(split, index) for split in SPLITS for index in range(n_songs.get(split, 0))]
    return [
        Recipe(split, number, (seed, SPLITS.index(split), index), making)
        for number, (split, index) in enumerate(places, start=1)
    ]


def _make_tracks(target: Path, recipes: list[Recipe], n_done: int) -> None:
    progress = tqdm(total=n_done + len(recipes), initial=n_done, desc="composing", unit="song")
    # Spawned, not forked: the caller may have threads (torch) that a fork would break.
    context = multiprocessing.get_context("spawn")
    n_workers = max(min(len(os.sched_getaffinity(0)), len(recipes)), 1)
    with progress, ProcessPoolExecutor(n_workers, context, end_with_parent) as pool:
        tracks = [pool.submit(make_track, target, recipe) for recipe in recipes]
        try:
            for track in as_completed(tracks):
                track.result()
                progress.update()
        finally:
            pool.shutdown(cancel_futures=True)


def _flac(samples: Samples, sample_rate: int) -> bytes:
    return encoded(samples, sample_rate, "FLAC", subtype="PCM_16")


def _metadata(recipe: Recipe, song: Song, rendered: list[Voices]) -> bytes:
    """Slakh2100's metadata.yaml, with the key VOICES_KEY of ours."""
    stems: dict[str, dict[str, object]] = {
        f"S{number:02d}": {
            "audio_rendered": True,
            "inst_class": part.inst_class,
            "is_drum": part.is_drum,
            "midi_program_name": part.inst_class,
            "midi_saved": True,
            "plugin_name": recipe.making.instruments.name(part.bank, part.patch),
            "program_num": DRUM_PROGRAM if part.inst_class == DRUMS else part.program,
        }
        for number, part in enumerate(song.parts)
    }
    for number, (part, voices) in enumerate(zip(song.parts, rendered, strict=True)):
        if part.is_drum and recipe.making.drum_voices:
            files = {voice: _voice_file(number, voice) for voice in voices}
            stems[f"S{number:02d}"][VOICES_KEY] = files
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

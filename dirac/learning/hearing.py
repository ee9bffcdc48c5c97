"""What `dirac learn` does: songs, a store of their mixtures, a packed model that has heard them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from dirac.audio.codecs import Codec
from dirac.audio.files import AudioError
from dirac.data.caching import ExcerptLatents, Selection, cache_split
from dirac.data.errors import DataError
from dirac.data.excerpts import excerpts_of
from dirac.data.presences import AnchorError
from dirac.data.tracks import Track
from dirac.data_section import MIXTURE
from dirac.learning.lesson import LearningError, check_objective, learn
from dirac.learning.moved import moved
from dirac.learning.whole import whole
from dirac.model_files import CODEC, CheckpointError, copy_model, has_model, load_model, save_model
from dirac.packing import check_output, pack
from dirac.scratch import beside, fingerprint
from dirac.separation.separator import Separator
from dirac.separation.settings import SETTINGS_KEY
from dirac.training.trainer import TrainSettings

SILENCE_DB = -50.0  # mixtures below it teach nothing


def hear(
    start: Path,
    separator: Separator,
    songs: Sequence[Track],
    output: Path,
    settings: TrainSettings,
    device: torch.device,
    weights: Path | None = None,
) -> dict[str, float]:
    """Makes the packed model `output`: that in `start`, after it has heard these songs -> `moved`.

    separator: of `start`, on the CPU; weights: those of its codec, where it was opened with any;
    songs: of `lesson.shortest_seconds` and more, heard in pieces
    as it takes them apart, or as short as the shortest. What is unfinished is kept in a hidden
    folder beside the output, for a killed call to go on there; where `output` has learnt just this
    already, as by an equal call that was waited for, it stays. Raises PackingError if there is
    something else in `output`, and as `cache_songs` and `learn`.
    """
    output = output.resolve()  # what a link names, not the link
    check_output(output)
    check_objective(start)
    seconds = min(separator.settings.piece_seconds, *(song.duration_seconds for song in songs))
    files = [stem.path for song in songs for stem in song.stems[MIXTURE]]
    used = asdict(settings) | asdict(separator.settings) | {"songs": [song.name for song in songs]}
    key = fingerprint(used, [start / "card.json", *files])
    with beside(output, "learn", key) as folder:
        if (known := known_shares(output, key)) is not None:
            return dict(zip([song.name for song in songs], known, strict=True))
        heard, codec = folder / "songs.lmdb", load_model(start)[1]["codec"]
        try:
            cache_songs(songs, seconds, separator.codec, codec, heard)
            model, card = learn(start, heard, folder, settings, key, device)
        except (AudioError, DataError, AnchorError, LearningError):  # it would be so again
            shutil.rmtree(folder)
            raise
        shares = moved(separator.model.to(device), model, heard)
        told: dict[str, Any] = {"songs": len(songs), "steps": settings.n_steps, "key": key}
        told["moved"] = [shares.get(song.name, 0.0) for song in songs]
        lessons = [*card.get("learnt", []), told]
        card |= {SETTINGS_KEY: asdict(separator.settings), "learnt": lessons}
        save_model(folder / "model", model.state_dict(), card)
        if has_model(start / CODEC):
            copy_model(start / CODEC, folder / "model" / CODEC)
        pack(folder / "model", output, None, None, None, weights)
    return shares


def known_shares(output: Path, key: str) -> list[float] | None:
    """How much of each song moved when the model in `output` learnt, if its last lesson has this

    key; None for another, or where there is no whole model.
    """
    try:
        lessons = load_model(output)[1].get("learnt", [])
    except CheckpointError:
        return None
    return lessons[-1]["moved"] if lessons and lessons[-1].get("key") == key else None


def cache_songs(
    songs: Sequence[Track], seconds: float, codec: Codec, described: Mapping[str, Any], path: Path
) -> None:
    """The store of the mixtures of songs, in excerpts of so many seconds.

    codec: on the CPU; described: as in the card of a model. Goes on where a killed call stopped.
    Raises AudioError or DataError for a song that cannot be read, or where all are silent.
    """
    selection = Selection((MIXTURE,), seconds, SILENCE_DB, drop_silent_sources=False, source_rms=0)
    excerpts, settings = excerpts_of(songs, seconds), dict(described)
    latents = ExcerptLatents(songs, excerpts, codec, selection, settings["dtype"])
    n_processes = torch.get_num_threads()

    def write(beside: Path) -> None:
        cache_split(latents, beside, n_processes, data_name="songs", codec_settings=settings)

    whole(path, write)

"""What a folder holds, told from headers and short looks into the audio."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from dirac.audio.files import AudioError, AudioInfo, audio_info, read_audio
from dirac.data import slakh, songs
from dirac.data.collections import SLAKH, layout_of, recognise, resolve_root
from dirac.data.errors import DataError
from dirac.data.splits import SPLITS
from dirac.data.synthetic import VOICES_FOLDER
from dirac.data.tracks import Stem, Track, sources_of

N_LOOKS = 16  # places of a stem, evenly spread, until one of them sounds
LOOK_SECONDS = 0.1
SILENCE_DB = -70.0  # RMS relative to full scale, at or below which a look heard nothing

LOOKED_AT = (
    f"headers of all files; the end of each stem, and up to {N_LOOKS} looks of {LOOK_SECONDS:g} s "
    f"into it until one is above {SILENCE_DB:g} dB; of .stem.mp4 the headers alone"
)


@dataclass
class Findings:
    """name: of the data set; unusable: a sentence for each track or stem that cannot be read;
    notes: what is worth knowing and stops nothing."""

    name: str
    root: Path
    tracks: list[Track] = field(default_factory=list)
    infos: list[AudioInfo] = field(default_factory=list)  # of all stems' files
    unusable: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(root: Path, name: str | None) -> Findings:
    """Look through a data set; name: which it is, None to tell by its layout.

    Raises DataError if there is no data set of that name in `root`, or none at all.
    """
    found = Findings(name or recognise(root), resolve_root(root))
    layout = layout_of(found.name)
    places = layout.find_places(found.root)
    for place in tqdm(places, "looking", unit=" tracks", disable=None):
        try:
            track = layout.read_track(*place)
        except (AudioError, DataError) as error:
            found.unusable.append(str(error))
            continue
        found.tracks.append(track)
        for stem in (stem for stems in track.stems.values() for stem in stems):
            if stem.stream is None:
                _look_into(stem, found)
    found.notes += _notes(found, [place[0] for place in places])
    return found


def describe(found: Findings) -> Iterator[str]:
    """The findings as lines of text."""
    total = sum(track.duration_seconds for track in found.tracks)
    yield f"{found.root}: {found.name}, {len(found.tracks)} tracks, {total / 3600:.2f} hours"
    for split in SPLITS:
        yield f"  {split}: {_amount([t for t in found.tracks if t.split == split])}"
    for source in sources_of(found.tracks):
        having = [track for track in found.tracks if source in track.stems]
        n_stems = sum(len(track.stems[source]) for track in having)
        yield f"  {source}: {_amount(having)}, {n_stems} stems"
    rates = Counter(track.sample_rate for track in found.tracks)
    yield f"  rates: {_counted({f'{rate} Hz': n for rate, n in sorted(rates.items())})} (tracks)"
    channels = Counter(info.n_channels for info in found.infos)
    if channels:
        yield f"  channels: {_counted(dict(sorted(channels.items())))} (files)"
    yield f"looked at: {LOOKED_AT}"
    yield from found.notes
    yield f"silent where it was looked: {len(found.silent) or 'none'}"
    yield from (f"  {path}" for path in found.silent)
    yield f"unusable: {len(found.unusable) or 'none'}"
    yield from (f"  {sentence}" for sentence in found.unusable)


def _look_into(stem: Stem, found: Findings) -> None:
    """Adds what a stem's file is to the findings."""
    try:
        info = audio_info(stem.path)
        found.infos.append(info)
        if not _sounds(stem.path, info):
            found.silent.append(str(stem.path))
    except AudioError as error:
        found.unusable.append(str(error))


def _sounds(path: Path, info: AudioInfo) -> bool:
    """Whether one of the looks heard anything. Raises AudioError if the file is cut off."""
    length = min(round(LOOK_SECONDS * info.sample_rate), info.n_samples)
    last = info.n_samples - length
    looks = sorted(range(N_LOOKS), key=lambda look: abs(2 * look - N_LOOKS))  # from the middle
    for start in (last, *(last * look // N_LOOKS for look in looks)):
        samples, _ = read_audio(path, start, length)
        if np.sqrt(np.square(samples, dtype=np.float64).mean()) > 10 ** (SILENCE_DB / 20):
            return True
    return False


def _notes(found: Findings, places: Sequence[Path]) -> Iterator[str]:
    if found.name == "folder":
        others = set(songs.find_files(found.root)) - set(songs.find_songs(found.root))
        counts = Counter(path.suffix.lower() or path.name for path in others)
        if counts:
            yield f"no songs by their suffix, left out: {_counted(counts)} (files)"
    elif layout_of(found.name) is SLAKH:
        named = sum(_n_named(folder) for folder in places)
        stems = [stem for track in found.tracks for s in track.stems.values() for stem in s]
        read = sum(stem.path.parent.name != VOICES_FOLDER for stem in stems)  # voices of a stem
        yield f"stems that metadata.yaml names: {named}, of which {read} have a file and are read"


def _n_named(folder: Path) -> int:
    try:
        return len(slakh.read_sources_of_stems(folder))
    except DataError:
        return 0


def _amount(tracks: Sequence[Track]) -> str:
    hours = sum(track.duration_seconds for track in tracks) / 3600
    return f"{len(tracks)} tracks, {hours:.2f} hours"


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} in {n}" for name, n in counts.items())

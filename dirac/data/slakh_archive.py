"""What is kept of Slakh2100's archive while it streams by: the stems of some sources."""

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from dirac.data.errors import DataError
from dirac.data.slakh import METADATA, read_sources_of_stems, source_name
from dirac.data.splits import SPLITS

# The families of General MIDI are the classes of Slakh, as `source_name` writes them.
FAMILIES = (
    *("Piano", "Chromatic Percussion", "Organ", "Guitar", "Bass", "Strings (continued)", "Brass"),
    *("Reed", "Pipe", "Synth Lead", "Synth Pad", "Synth Effects", "Ethnic", "Percussive"),
    *("Sound Effects", "Drums"),
)

# An estimate, to see whether the disk is large enough: 1710 tracks of 4 minutes, 16 bits, 44.1 kHz
# are 36 GB, of which flac leaves about half of one loud stem a track.
N_BYTES_A_SOURCE = 20_000_000_000


class Sieve:
    """Chooses what of the archive is unpacked into `folder`; sources: None for all of them.

    metadata.yaml and the stems of the sources, in train, validation and test: no mixes, no MIDI, no
    omitted tracks. Stems that come before their metadata.yaml are unpacked and removed when that
    says that they are not wanted, at the latest by `finish`. So is a track without wanted stems.
    """

    def __init__(self, folder: Path, sources: Sequence[str] | None) -> None:
        known = sorted({source_name(family) for family in FAMILIES})
        unknown = sorted(set(sources or ()) - set(known))
        if unknown:
            raise DataError(
                f"data.slakh2100.sources: Slakh has no {', '.join(unknown)}; "
                f"there are {', '.join(known)}"
            )
        self.folder, self.sources = folder, sources
        self._track: PurePosixPath | None = None
        self._known: dict[str, str] | None = None  # stems of the track, once its metadata is there

    def wants(self, name: PurePosixPath) -> bool:
        track = next((path for path in name.parents if path.name.startswith("Track")), None)
        if track is None or track.parent.name not in SPLITS:
            return False
        if track != self._track:
            self.finish()
            self._track, self._known = track, None
        if name == track / METADATA:
            return True
        return name.parent == track / "stems" and self._is_of_source(name.stem)

    def finish(self) -> None:
        """Remove what is not wanted of the track that came last."""
        if self._track is None or self._classes() is None:
            return
        stems = list((self.folder / self._track / "stems").glob("*"))
        wanted = [path for path in stems if self._is_of_source(path.stem)]
        for path in set(stems) - set(wanted):
            path.unlink()
        if not wanted:
            shutil.rmtree(self.folder / self._track)

    def _is_of_source(self, stem: str) -> bool:
        classes = self._classes()
        if classes is None:
            return True
        return stem in classes and (self.sources is None or classes[stem] in self.sources)

    def _classes(self) -> dict[str, str] | None:
        """The source of every stem of the track, None as long as its metadata has not come."""
        if self._known is None and self._track is not None:
            folder = self.folder / self._track
            self._known = read_sources_of_stems(folder) if (folder / METADATA).exists() else None
        return self._known


def n_bytes_kept(sources: Sequence[str] | None, n_bytes_of_all: int) -> int:
    """An estimate of what the sieve leaves, rounded up."""
    if sources is None:
        return n_bytes_of_all
    return min(len(sources) * N_BYTES_A_SOURCE, n_bytes_of_all)

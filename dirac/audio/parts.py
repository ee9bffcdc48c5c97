"""The parts of a song as files that lose nothing: read back, they still sum to it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dirac.audio.drafts import Draft, drafts
from dirac.audio.places import check_free, in_place

MAX_CHANNELS = 8  # of FLAC
MAX_PLAIN_RATE, MAX_RATE = 65_535, 655_350  # Hz; between them FLAC holds multiples of 10 alone
SUFFIXES = (".flac", ".wav")


@dataclass(frozen=True)
class WrittenPart:
    """path; peak: its largest magnitude."""

    path: Path
    peak: float


def write_parts(
    folder: Path,
    names: Sequence[str],
    stretches: Callable[[int], Iterable[Tensor]],
    sample_rate: int,
    n_channels: int,
    kept: Path | None = None,
) -> list[WrittenPart]:
    """Consecutive stretches (parts, channels, time) as 24-bit .flac files of these names.

    stretches: from which sample on -> those. kept: a folder in which what is done stays where the
    process is killed, for the next call to go on from. A part may be louder than its song and leave
    [-1, 1], where flac clips: then, and where flac cannot hold the channels or the rate, all are
    .wav files of 32-bit floats. They appear when all are complete. Raises AudioError, naming the
    file.
    """
    check_free(folder / f"{name}{suffix}" for name in names for suffix in SUFFIXES)
    with drafts(folder, len(names), n_channels, kept) as parts:
        for stretch in stretches(parts[0].n_samples):
            for draft, part in zip(parts, stretch, strict=True):
                draft.append(part)
        peaks = [draft.peak for draft in parts]
        suffix, other = SUFFIXES if fits_flac(parts, sample_rate) else SUFFIXES[::-1]
        paths = [folder / f"{name}{suffix}" for name in names]

        def encode(draft: Draft, place: Path) -> None:
            if suffix == ".flac":
                draft.encode(place, sample_rate, ("FLAC", "PCM_24"))
            else:
                draft.encode_floats(place, sample_rate)

        # Side by side: libsndfile lets others run meanwhile, and on a GPU it takes the most time.
        with in_place(paths) as places, ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(encode, parts, places))
        for path in paths:  # of an earlier separation of another song by this name
            path.with_suffix(other).unlink(missing_ok=True)
    return [WrittenPart(path, peak) for path, peak in zip(paths, peaks, strict=True)]


def fits_flac(parts: Sequence[Draft], sample_rate: int) -> bool:
    """Whether flac holds the parts without clipping."""
    rate_fits = sample_rate <= MAX_PLAIN_RATE or (sample_rate <= MAX_RATE and sample_rate % 10 == 0)
    return rate_fits and all(p.n_channels <= MAX_CHANNELS and p.peak <= 1 for p in parts)

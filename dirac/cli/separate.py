"""`dirac separate`: songs into their parts."""

import argparse
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dirac.cli.options import (
    Commands,
    add_command,
    add_json,
    add_model,
    add_output,
    add_seed,
    complain,
    explained,
    open_model,
    shown,
    tell,
)
from dirac.cli.songs import check_kept, find_songs

if TYPE_CHECKING:
    from torch import Tensor
    from tqdm import tqdm

    from dirac.audio.songs import AudioFile

LONG_SECONDS = 300.0  # of a song of which it would be a pity to begin anew

EPILOG = """\
examples:
  dirac separate song.wav -o out/             out/song/drums.flac and out/song/bass.flac
  dirac separate a.mp3 album/ -o out/         a song and a folder of songs, at any depth
  dirac separate album/ -o out/ --skip-done   go on where it was stopped
  dirac separate song.wav -o out/ --json      what was written, for a script

The parts have the rate, the channels and the length of their song, and sum to it. They are 24-bit
.flac, or .wav of floats where .flac would clip. A song may be hours long: memory holds seconds of
it, and where one of five minutes and more is stopped, the same command goes on within it; what it
has until then lies in a hidden folder beside the parts'. What was separated before is replaced,
unless --skip-done is given. A song that cannot be read costs a line on stderr, and the exit status
is 1 at the end; the others are separated.

`dirac learn` lets the model hear the songs first: that takes minutes, and most records gain.
"""


def add_to(commands: Commands) -> None:
    command = add_command(commands, "separate", "Take songs apart.", EPILOG)
    command.add_argument(
        "songs", type=Path, nargs="+", metavar="SONG", help="audio files, or folders of them"
    )
    command.add_argument(
        "--raw",
        action="store_true",
        help="the parts as the model renders them, which sum to the song about; by default they "
        "only shape masks on the song, whose own sound is kept",
    )
    command.add_argument(
        "--skip-done",
        action="store_true",
        help="leave a song alone if its parts are there, whatever they were made with",
    )
    add_output(command, "folder; the parts of a song go into a folder of its name")
    add_model(command)
    add_seed(command, "of the noise that --raw renders from")
    add_json(command, "one JSON object a song, on a line of its own")
    command.set_defaults(run=separate)


def separate(chosen: argparse.Namespace) -> None:
    from dirac.audio.songs import AudioFile
    from dirac.packaged import part_names

    songs = find_songs(chosen.songs, chosen.output)
    folder, separator = open_model(chosen)
    names = part_names(folder, separator.n_parts)
    check_kept(songs, _places(chosen.output, songs.values(), names))
    method = partial(separator.decode, seed=chosen.seed) if chosen.raw else separator.refine
    made_by = {
        "settings": asdict(separator.settings),
        "raw": chosen.raw,
        "seed": chosen.seed,
        "device": separator.device.type,
    }
    n_failed = 0
    with _progress(songs) as bar:
        for path, name in songs.items():
            if chosen.skip_done and _is_done(chosen.output / name, names):
                continue
            bar.set_description(shown(path.name))
            try:
                song, output = AudioFile(path), chosen.output / name
                with _kept(output, song, made_by, folder / "card.json") as kept:
                    stretches = partial(_counted, bar, song, method)
                    record = _write(output, names, stretches, song, kept)
            except explained() as error:
                n_failed += 1
                complain(error)
                tell(chosen, [], {"song": str(path), "error": str(error)})
            else:
                paths = [Path(part["path"]) for part in record["parts"].values()]
                tell(chosen, paths, {"song": str(path), "model": str(folder), **record})
    if n_failed:
        raise SystemExit(1)


def _write(
    folder: Path,
    names: Sequence[str],
    stretches: "Callable[[int], Iterable[Tensor]]",
    song: "AudioFile",
    kept: Path | None,
) -> dict[str, Any]:
    """-> what --json tells of the song."""
    from dirac.audio.parts import write_parts

    parts = write_parts(folder, names, stretches, song.sample_rate, song.n_channels, kept)
    return {
        "seconds": song.n_samples / song.sample_rate,
        "sample_rate": song.sample_rate,
        "channels": song.n_channels,
        "parts": {
            name: {"path": str(part.path), "peak": part.peak}
            for name, part in zip(names, parts, strict=True)
        },
    }


def _places(output: Path, songs: Iterable[Path], names: Sequence[str]) -> Iterator[Path]:
    from dirac.audio.parts import SUFFIXES

    return (output / song / f"{n}{suffix}" for song in songs for n in names for suffix in SUFFIXES)


def _is_done(folder: Path, names: Sequence[str]) -> bool:
    from dirac.audio.parts import SUFFIXES

    return any(all((folder / f"{n}{suffix}").exists() for n in names) for suffix in SUFFIXES)


def _progress(songs: Iterable[Path]) -> "tqdm[Any]":
    """Counts seconds of audio; shown on a terminal alone."""
    from tqdm import tqdm

    from dirac.audio.files import AudioError, audio_info

    seconds = 0.0
    for path in songs:
        try:
            info = audio_info(path)
        except AudioError:
            continue  # it is told when it is its turn
        seconds += info.n_samples / info.sample_rate
    return tqdm(total=seconds, unit="s", unit_scale=True, disable=None)


def _counted(
    bar: "tqdm[Any]", song: "AudioFile", method: "Callable[..., Iterator[Tensor]]", start: int
) -> "Iterator[Tensor]":
    bar.update(start / song.sample_rate)
    for stretch in method(song, start=start):
        yield stretch
        bar.update(stretch.shape[-1] / song.sample_rate)


@contextmanager
def _kept(
    output: Path, song: "AudioFile", made_by: Mapping[str, object], card: Path
) -> Iterator[Path | None]:
    """Where what is done of a long song stays if it is stopped, but not after an error."""
    from dirac.scratch import beside, fingerprint

    if song.n_samples < LONG_SECONDS * song.sample_rate:
        yield None
        return
    with beside(output, "separate", fingerprint(made_by, [song.path, card])) as folder:
        try:
            yield folder
        except explained():
            shutil.rmtree(folder)
            raise

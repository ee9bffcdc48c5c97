"""What one can listen to: evaluate's listening folder becomes sections of clips with pictures."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dirac.audio.encoded import encoded
from dirac.reporting.figures import HEIGHT, WIDTH, Array, data_uri, picture, spectrogram
from dirac.reporting.inputs import ReportError, finite, read_json

# Sampling rate in Hz -> lowest and highest constant bitrate in kbit/s (MPEG-1, -2 and -2.5).
MP3_BITRATES = {
    **dict.fromkeys((32000, 44100, 48000), (32, 320)),
    **dict.fromkeys((16000, 22050, 24000), (8, 160)),
    **dict.fromkeys((8000, 11025, 12000), (8, 64)),
}


@dataclass(frozen=True)
class Clip:
    label: str
    score: float | None  # SI-SDR in dB
    seconds: float
    picture: str  # data URI
    audio: str  # key in AudioLibrary.clips


@dataclass(frozen=True)
class Row:
    title: str
    text: str
    columns: list[list[Clip]]


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    text: str
    rows: list[Row]


@dataclass
class AudioLibrary:
    """Base64 MP3s, each kept once however often it is heard."""

    clips: dict[str, str] = field(default_factory=dict)

    def add(self, content: bytes) -> str:
        key = "audio-" + hashlib.sha256(content).hexdigest()[:12]
        self.clips[key] = base64.b64encode(content).decode("ascii")
        return key


def encode_mp3(waveform: Array, sample_rate: int, bitrate_kbps: float) -> bytes:
    """Constant-bitrate MP3 of (channels, time); the same bytes every time.

    Raises ReportError for a rate or bitrate that MP3 does not have.
    """
    if sample_rate not in MP3_BITRATES:
        raise ReportError(f"MP3 has no {sample_rate} Hz; it has {sorted(MP3_BITRATES)}.")
    low, high = MP3_BITRATES[sample_rate]
    if not low < bitrate_kbps <= high:
        raise ReportError(
            f"report.mp3_kbps is {bitrate_kbps}, but at {sample_rate} Hz an MP3 has more "
            f"than {low} and up to {high} kbit/s."
        )
    return encoded(
        np.clip(waveform.T, -1, 1),
        sample_rate,
        "MP3",
        bitrate_mode="CONSTANT",
        compression_level=(high - bitrate_kbps) / (high - low),  # libsndfile's scale
    )


def read_waveform(path: Path) -> tuple[Array, int]:
    """(channels, time) and Hz; ReportError if the file is missing or not audio."""
    import soundfile

    try:
        samples, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ReportError(
            f"{path} cannot be read as audio ({error}): run the evaluate stage again."
        ) from error
    return samples.T, int(sample_rate)


def read_row(
    folder: Path,
    row: Mapping[str, Any],
    bitrate_kbps: float,
    library: AudioLibrary,
) -> list[Clip]:
    """The clips of one row; the row's loudest point is its brightest, so levels compare."""
    sounds = [read_waveform(folder / clip["file"]) for clip in row["clips"]]
    waveforms, rates = [waveform for waveform, _ in sounds], [rate for _, rate in sounds]
    draw = partial(spectrogram, n_columns=WIDTH, n_bands=HEIGHT)
    encode = partial(encode_mp3, bitrate_kbps=bitrate_kbps)
    with ThreadPoolExecutor() as pool:  # libsndfile and numpy let others run meanwhile
        mp3s = pool.map(encode, waveforms, rates)
        powers = list(pool.map(draw, waveforms, rates))
    peak = max((float(power.max()) for power in powers), default=0.0)
    return [
        Clip(
            label=clip["label"],
            score=finite((clip.get("scores") or {}).get("si_sdr")),
            seconds=round(waveform.shape[-1] / rate, 3),
            picture=data_uri("image/webp", picture(power, peak)),
            audio=library.add(mp3),
        )
        for clip, (waveform, rate), power, mp3 in zip(
            row["clips"], sounds, powers, mp3s, strict=True
        )
    ]


def arrange(clips: Sequence[Clip], sources: Sequence[str]) -> list[list[Clip]]:
    """A column per source, of clips labelled "SOURCE, ..."; before them one of all the others."""
    columns: dict[str, list[Clip]] = {"": [], **{source: [] for source in sources}}
    for clip in clips:
        name = clip.label.partition(",")[0]
        columns[name if name in sources else ""].append(clip)
    return [column for column in columns.values() if column]


def read_sections(
    folder: Path,
    sources: Sequence[str],
    bitrate_kbps: float,
    library: AudioLibrary,
) -> list[Section]:
    """Everything in folder/index.json; excerpts by source, other sections side by side."""

    def read(section: Mapping[str, Any]) -> Section:
        rows = []
        for row in section["rows"]:
            clips = read_row(folder, row, bitrate_kbps, library)
            grouped = section["id"] in ("excerpts", "extremes")
            columns = arrange(clips, sources) if grouped else [[clip] for clip in clips]
            rows.append(Row(row["title"], row.get("text", ""), columns))
        return Section(section["id"], section["title"], section.get("text", ""), rows)

    try:
        return [read(section) for section in read_json(folder / "index.json")["sections"]]
    except (KeyError, TypeError) as error:
        raise ReportError(
            f"{folder / 'index.json'} lacks {error}: delete it and run evaluate again."
        ) from error

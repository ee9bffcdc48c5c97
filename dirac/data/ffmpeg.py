"""The audio streams of a compressed file (.stem.mp4), through the programs ffprobe and ffmpeg."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

from dirac.audio.files import AudioInfo, Waveform
from dirac.data.errors import DataError

# Decoding begins this much before what is wanted: the first AAC frame after a jump is incomplete.
LEAD_SECONDS = 1


def probe(path: Path) -> list[AudioInfo]:
    """What each audio stream of the file is. Raises DataError if the file cannot be read."""
    entries = "stream=sample_rate,channels,duration"
    command = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", entries]
    answer = json.loads(_run([*command, "-of", "json", str(path)], path))
    infos = []
    for stream in answer["streams"]:
        rate = int(stream["sample_rate"])
        n_samples = round(float(stream.get("duration", 0)) * rate)
        infos.append(AudioInfo(rate, n_samples, int(stream["channels"])))
    return infos


def read_stream(path: Path, stream: int, start: int, n_samples: int, sample_rate: int) -> Waveform:
    """Samples [start, start + n_samples) of an audio stream at its own rate -> (2, time).

    There may be fewer samples at the very end of the stream. Raises DataError.
    """
    lead = min(start, LEAD_SECONDS * sample_rate)
    trim = f"atrim=start_sample={lead}:end_sample={lead + n_samples}"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-ss", f"{(start - lead) / sample_rate:.6f}"]
    command += ["-i", str(path), "-map", f"0:a:{stream}", "-af", trim]
    command += ["-ac", "2", "-f", "f32le", "-"]
    samples = np.frombuffer(_run(command, path), dtype="<f4")
    return np.ascontiguousarray(samples.reshape(-1, 2).T)


def check_installed() -> None:
    """Raises DataError, saying what needs no ffmpeg, if ffprobe or ffmpeg is not installed."""
    for program in ("ffprobe", "ffmpeg"):
        if shutil.which(program) is None:
            raise DataError(
                f"the program {program}, which the compressed MUSDB18 (.stem.mp4) needs, is not "
                "installed: install ffmpeg, or set data.name to musdb18hq, which needs none"
            )


def _run(command: list[str], path: Path) -> bytes:
    check_installed()
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise DataError(
            f"{path} cannot be read by {command[0]} ({lines[-1]}): fetch this file again"
        ) from error

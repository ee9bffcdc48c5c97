"""Tiny data sets in the real layouts, and a web server on loopback that can be made to fail."""

import hashlib
import http.server
import io
import re
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from dirac.data import fetch
from dirac.data.archives import ARCHIVES, Archive


def tone(frequency: float, seconds: float = 0.5, rate: int = 8000) -> np.ndarray:
    """(time,)"""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def write_slakh_track(
    folder: Path,
    classes: Mapping[str, str],
    waveforms: Mapping[str, np.ndarray],
    suffix: str = ".flac",
    rate: int = 8000,
) -> Path:
    """A track as Slakh2100 has it: `classes` stands in metadata.yaml, `waveforms` on disk."""
    (folder / "stems").mkdir(parents=True)
    stems = {
        number: {"audio_rendered": True, "inst_class": inst_class, "is_drum": inst_class == "Drums"}
        for number, inst_class in classes.items()
    }
    YAML(typ="safe").dump(
        {"UUID": "1a81", "audio_dir": "stems", "stems": stems}, folder / "metadata.yaml"
    )
    for number, waveform in waveforms.items():
        soundfile.write(folder / "stems" / f"{number}{suffix}", waveform, rate)
    mixture = np.mean(list(waveforms.values()), axis=0)
    soundfile.write(folder / f"mix{suffix}", mixture, rate)
    return folder


def write_musdb_song(folder: Path, seconds: float = 0.5, rate: int = 8000) -> Path:
    folder.mkdir(parents=True)
    for i, name in enumerate(("mixture", "drums", "bass", "other", "vocals")):
        stereo = np.stack([tone(100 * (i + 1), seconds, rate), tone(50 * (i + 1), seconds, rate)])
        soundfile.write(folder / f"{name}.wav", stereo.T, rate)
    return folder


def tar_of(folder: Path, name: str) -> bytes:
    """A folder as a .tar.gz."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.add(folder, name)
    return content.getvalue()


def zip_of(folder: Path) -> bytes:
    """What is in a folder as a .zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    return content.getvalue()


class Server:
    """Serves `files` by path; `faults` are told on each request and may answer it themselves."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Callable[[Any], bool]] = []  # one a request, used up; True = answered
        self.requests: list[str] = []  # what each asked for: its Range
        self.ranges = True
        self.url = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.headers.get("Range", ""))
        if self.faults and self.faults.pop(0)(handler):
            return
        content = self.files.get(handler.path)
        if content is None:
            handler.send_error(404)
            return
        self.send(handler, content, len(content))

    def send(self, handler: Any, content: bytes, n_bytes: int) -> None:
        """Announce all that was asked for, but send `n_bytes` of it at most."""
        match = re.match(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(match[1]) if match and self.ranges else 0
        handler.send_response(206 if match and self.ranges else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        if match and self.ranges:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        handler.end_headers()
        handler.wfile.write(content[start : start + n_bytes])


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        state.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture
def slakh_track() -> Callable[..., Path]:
    return write_slakh_track


@pytest.fixture
def musdb_song() -> Callable[..., Path]:
    return write_musdb_song


@pytest.fixture
def sine() -> Callable[..., np.ndarray]:
    return tone


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a Python script on the path as `name`; only such programs are found."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(name, script):
        path = folder / name
        path.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
        path.chmod(0o755)

    return write


@pytest.fixture
def serve(server, monkeypatch):
    """Serves an archive in place of a public one; returns it."""
    monkeypatch.setattr(fetch, "PAUSES_SECONDS", (0.01, 0.01))

    def serve(name, content, n_bytes_unpacked=0):
        server.files["/file"] = content
        md5 = hashlib.md5(content).hexdigest()
        file_name = ARCHIVES[name].file_name
        archive = Archive(file_name, f"{server.url}/file", len(content), md5, n_bytes_unpacked)
        monkeypatch.setitem(ARCHIVES, name, archive)
        return archive

    return serve


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder

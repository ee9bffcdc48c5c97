import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dirac.audio.files import AudioError, write_audio
from dirac.audio.spectrogram import Spectrogram
from dirac.data.caching import (
    ExcerptLatents,
    Selection,
    cache_split,
    states_of_stems,
)
from dirac.data.errors import DataError
from dirac.data.excerpts import select_excerpts
from dirac.data.store import LatentStore
from dirac.data.tracks import Stem, Track, mix, read_sources
from dirac.devices import CPU

RATE, SECONDS = 24_000, 0.5
SELECTION = Selection(("drums", "bass"), SECONDS, -50.0, False, 0.01)


def make_track(folder: Path, name: str, levels: dict[str, list[float]]) -> Track:
    """A track whose sources are noise, at a given RMS in each half second."""
    stems = {}
    for number, (source, steps) in enumerate(levels.items()):
        generator = np.random.default_rng([len(name), number])
        gain = np.repeat(steps, round(RATE * SECONDS))
        waveform = (gain * generator.uniform(-1.732, 1.732, gain.size)).astype(np.float32)
        path = folder / name / f"{source}.wav"
        write_audio(path, waveform[None], RATE)
        stems[source] = (Stem(path),)
    return Track(name, "train", RATE, len(steps) * round(RATE * SECONDS), stems)


@pytest.fixture
def tracks(tmp_path) -> list[Track]:
    """80 excerpts, of which 60 to 63 are silent, and 10 to 19 have no bass."""
    drums = [0.2] * 60 + [0.0005] * 4 + [0.1] * 16
    bass = [0.1] * 10 + [0.0] * 10 + [0.2] * 40 + [0.0005] * 4 + [0.1] * 16
    return [
        make_track(tmp_path / "raw", "first", {"drums": drums[:40], "bass": bass[:40]}),
        make_track(tmp_path / "raw", "second", {"drums": drums[40:], "bass": bass[40:]}),
    ]


@pytest.fixture
def codec() -> Spectrogram:
    return Spectrogram(0.5, 1024, 1)


def latents_of(tracks, codec, selection=SELECTION, dtype="float16") -> ExcerptLatents:
    excerpts = select_excerpts(tracks, "train", SECONDS, None)
    return ExcerptLatents(tracks, excerpts, codec, selection, dtype)


def cache(
    path: Path,
    latents: ExcerptLatents,
    n_processes: int = 1,
    devices: Sequence[torch.device] = (CPU,),
) -> Path:
    cache_split(
        latents,
        path,
        n_processes,
        data_name="synthetic",
        codec_settings={"name": "spectrogram"},
        devices=devices,
    )
    return path


def test_the_store_holds_the_latents_of_mixtures_and_sources(tmp_path, tracks, codec):
    store = LatentStore(cache(tmp_path / "train.lmdb", latents_of(tracks, codec, dtype="float32")))
    assert len(store) == 76
    assert (store.meta.n_channels, store.meta.n_frames, store.meta.frame_rate) == (128, 38, 75)
    assert store.meta.excerpts[62].name == "second-0013.0"  # after the four silent ones
    sources = read_sources(tracks[1], SELECTION.sources, 13.0, SECONDS, RATE, 1)
    for latents, waveform in (
        (store.mixture(62), mix(sources)),
        (store.source(62, "drums"), sources[0]),
        (store.source(62, "bass"), sources[1]),
    ):
        expected = codec.encode(torch.from_numpy(waveform)[None])[0].numpy()
        np.testing.assert_allclose(latents, expected, atol=1e-6)


def test_mixtures_are_kept_as_a_tape_plays_them_faster_and_slower(tmp_path, codec):
    """A tone of 1000 Hz that begins at 0.25 s: at twice the speed 2000 Hz from 0.125 s on."""
    seconds = np.arange(round(RATE * SECONDS)) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 1000 * seconds) * (seconds >= 0.25)
    write_audio(tmp_path / "tone.wav", tone.astype(np.float32)[None], RATE)
    stems = {"drums": (Stem(tmp_path / "tone.wav"),)}
    track = Track("tone", "train", RATE, len(tone), stems)
    excerpts, speeds = select_excerpts([track], "train", SECONDS, None), (2.0, 1.25, 0.8)
    latents = ExcerptLatents([track], excerpts, codec, SELECTION, "float32", speeds)
    store = LatentStore(cache(tmp_path / "train.lmdb", latents))
    assert store.meta.speeds == speeds
    for speed in (1.0, *speeds):
        mixture = store.mixture(0, speed=speed)
        assert mixture.shape == (128, int(38 / speed))
        t = np.arange(round(mixture.shape[1] * codec.hop)) / RATE
        played = 0.25 * np.sin(2 * np.pi * 1000 * speed * t) * (t >= 0.25 / speed)  # of two sources
        played *= t < SECONDS / speed
        expected = codec.encode(torch.from_numpy(played).float()[None, None])[0].numpy()
        error = np.square(mixture - expected).sum() / np.square(expected).sum()
        assert error < 0.01, speed


def test_only_silent_mixtures_are_dropped(tmp_path, tracks, codec):
    meta = LatentStore(cache(tmp_path / "train.lmdb", latents_of(tracks, codec))).meta
    assert meta.dropped == {"mixture below -50 dB": 4}
    kept = {excerpt.name for excerpt in meta.excerpts}
    every = {excerpt.name for excerpt in latents_of(tracks, codec).excerpts}
    assert every - kept == {f"second-{10 + i / 2:06.1f}" for i in range(4)}


def test_the_papers_rule_drops_by_a_silent_source_too(tmp_path, tracks, codec):
    latents = latents_of(tracks, codec, replace(SELECTION, drop_silent_sources=True))
    store = LatentStore(cache(tmp_path / "train.lmdb", latents))
    assert store.meta.dropped == {"mixture below -50 dB": 4, "bass below an RMS of 0.01": 10}
    assert len(store) == 66


class Moving(Spectrogram):
    """Notes in a folder the processes that it is moved in, and where to."""

    folder: Path

    def to(self, device: torch.device) -> "Moving":
        (self.folder / f"{device}-{os.getpid()}").touch()
        return super().to(device)


def test_any_number_of_processes_and_devices_writes_the_same_bytes(tmp_path, tracks):
    two = (torch.device("cpu"), torch.device("cpu:0"))  # of a kind
    codec, stores = Moving(0.5, 1024, 1), []
    for n_processes, devices in ((1, two[:1]), (2, two), (4, two)):
        codec.folder = tmp_path / f"{n_processes}"
        codec.folder.mkdir()
        path = tmp_path / f"{n_processes}.lmdb"
        cache(path, latents_of(tracks, codec), n_processes, devices)
        stores.append(path.read_bytes())
        moved = sorted(note.name.split("-")[0] for note in codec.folder.iterdir())
        assert moved == sorted(n_processes // len(devices) * [str(device) for device in devices])
    assert stores[1] == stores[0]
    assert stores[2] == stores[0]


class Deadly(Spectrogram):
    """Kills the parent of its process, the one that writes, at its n-th excerpt."""

    n_left = 0

    def encode(self, waveform: torch.Tensor) -> torch.Tensor:
        self.n_left -= 1
        if self.n_left == 0:
            os.kill(os.getppid(), signal.SIGKILL)
        return super().encode(waveform)


def test_a_killed_call_goes_on_to_the_same_bytes(tmp_path, tracks, codec):
    path = tmp_path / "killed.lmdb"
    deadly = Deadly(0.5, 1024, 1)
    for n_left in (40, 40):
        deadly.n_left = n_left
        arguments = (path, latents_of(tracks, deadly))
        process = multiprocessing.get_context("fork").Process(target=cache, args=arguments)
        process.start()
        process.join()  # with a timeout it would wait for the orphaned worker, too
        assert process.exitcode == -signal.SIGKILL
    cache(path, latents_of(tracks, codec))
    unbroken = cache(tmp_path / "unbroken.lmdb", latents_of(tracks, codec))
    assert path.read_bytes() == unbroken.read_bytes()


def test_a_finished_store_is_left_alone(tmp_path, tracks, codec):
    path = cache(tmp_path / "train.lmdb", latents_of(tracks, codec))
    changed = path.stat().st_mtime_ns
    cache(path, latents_of(tracks, codec))
    assert path.stat().st_mtime_ns == changed


def test_a_file_that_cannot_be_read_is_named_and_its_repair_goes_on(tmp_path, tracks, codec):
    path, stem = tmp_path / "train.lmdb", tracks[1].stems["bass"][0].path
    content = stem.read_bytes()
    stem.write_bytes(b"no audio")
    with pytest.raises(AudioError) as caught:
        cache(path, latents_of(tracks, codec), 2)
    assert str(stem) in str(caught.value)
    assert "\n" not in str(caught.value)
    stem.write_bytes(content)
    cache(path, latents_of(tracks, codec), 2)
    assert len(LatentStore(path)) == 76


def test_latents_that_float16_cannot_hold_are_an_error(tmp_path, tracks):
    class Huge(Spectrogram):
        def encode(self, waveform: torch.Tensor) -> torch.Tensor:
            return super().encode(waveform) + 1e6

    with pytest.raises(DataError, match=r"first-0000\.0.*float16"):
        cache(tmp_path / "train.lmdb", latents_of(tracks, Huge(0.5, 1024, 1)))


def test_a_split_of_silence_is_an_error(tmp_path, codec):
    silent = [make_track(tmp_path, "silent", {"drums": [0.0] * 3, "bass": [0.0] * 3})]
    with pytest.raises(DataError, match="train: every excerpt is left out: mixture below -50 dB"):
        cache(tmp_path / "train.lmdb", latents_of(silent, codec))


def test_a_changed_file_changes_its_state(tracks):
    before = states_of_stems(tracks, ["bass"])
    assert len(before) == 2
    stem = tracks[0].stems["bass"][0].path
    stem.write_bytes(stem.read_bytes() + b"more")
    after = states_of_stems(tracks, ["bass"])
    assert after[0] != before[0]
    assert after[1] == before[1]

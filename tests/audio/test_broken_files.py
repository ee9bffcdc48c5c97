"""Any file gives a right result or one clear error: the readers, and `dirac separate` over them."""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from dirac.audio.files import AudioError, audio_info, read_audio
from dirac.cli.main import main

from ..tiny_models import write_decomposition
from .broken_files import BROKEN, SOUND, mutated

PROJECT = Path(__file__).parents[2]
SEED = int(os.environ.get("DIRAC_SEED", "0"))

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("kind", SOUND)
def test_odd_files_are_read(tmp_path: Path, kind: str) -> None:
    path = SOUND[kind](tmp_path)
    waveform, rate = read_audio(path)
    assert audio_info(path) == (rate, waveform.shape[1], waveform.shape[0])
    assert np.isfinite(waveform).all()
    assert np.abs(waveform).max() > 0.1 or kind == "one sample"


@pytest.mark.parametrize("kind", sorted(BROKEN.keys() - {"no samples"}))
def test_broken_files_are_named(tmp_path: Path, kind: str) -> None:
    path = BROKEN[kind](tmp_path)
    with pytest.raises(AudioError) as failure:
        read_audio(path)
    assert str(failure.value).startswith(str(path))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("n_files", [60, pytest.param(6000, marks=pytest.mark.nightly)])
def test_damaged_files_are_read_or_named(tmp_path: Path, n_files: int) -> None:
    random = np.random.default_rng((SEED, n_files))
    n_read = 0
    for number in range(n_files):
        path = mutated(tmp_path / f"{number}.audio", random)
        with suppress(AudioError):
            waveform, rate = read_audio(path)
            n_read += 1
            assert audio_info(path).sample_rate == rate
            assert waveform.dtype == np.float32
            assert np.isfinite(waveform).all()
        path.unlink()
    assert 0 < n_read < n_files


def test_every_kind_of_file_comes_apart_or_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """One line a file that is wrong, and nothing written; parts that sum to it for all others."""
    monkeypatch.chdir(tmp_path)
    write_decomposition(Path("model"))
    Path("params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    for number, (kind, write) in enumerate((SOUND | BROKEN).items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = write(folder)
        separate = ["separate", str(path), "-o", str(folder / "out"), "--model", "model"]
        if kind in SOUND:
            main(separate)
            mixture, rate = read_audio(path)
            parts = [read_audio(part) for part in sorted((folder / "out").rglob("part-*"))]
            assert len(parts) == 2, kind
            assert {part_rate for _, part_rate in parts} == {rate}, kind
            total = sum(part for part, _ in parts)
            scale = max(1.0, float(np.abs(mixture).max()))
            np.testing.assert_allclose(total, mixture, atol=scale * 2**-18, err_msg=kind)
        else:
            with pytest.raises(SystemExit) as stopped:
                main(separate)
            error = capfdbinary.readouterr().err  # libmpg123 has notes of its own
            assert stopped.value.code == 1, kind
            assert error.splitlines()[-1].startswith(b"dirac: "), kind
            assert error.count(b"dirac: ") == 1, error
            assert not (folder / "out").exists(), kind

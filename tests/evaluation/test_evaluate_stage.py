import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dirac.data.collections import find_tracks
from dirac.data.store import LatentStore
from dirac.evaluation import listening, run
from dirac.evaluation.ours import MismatchError, Ours
from dirac.evaluation.signals import Signals
from dirac.reporting.clips import AudioLibrary, read_sections

from ..tiny_models import card, separator, write_decomposition

OURS = {"refined", "decoded", "regressed", "untrained", "codec", "codec_oracle", "codec_mask"}
BASELINES = {"mixture", "hpss", "repet_sim", "fourier_2d", "robust_pca", "nmf"}
METHODS = OURS | BASELINES | {"oracle"}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_all_is_written_and_a_killed_run_ends_with_the_same_bytes(
    evaluate: Callable[[], Path], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = evaluate()
    metrics = json.loads((reports / "metrics.json").read_text())
    assert set(metrics["separation"]) == set(metrics["separation_best"]) == METHODS
    assert set(metrics["separation"]["refined"]["si_sdr"]) == {"mean", "drums", "bass"}
    oracle, ours = (metrics["separation"][name] for name in ("oracle", "refined"))
    assert oracle["si_sdr"]["mean"] > 5
    assert oracle["si_sdr_low"]["mean"] <= oracle["si_sdr"]["mean"] <= oracle["si_sdr_high"]["mean"]
    # The models are untrained, and their card's seed is that of their weights.
    assert metrics["separation"]["untrained"] == ours
    assert metrics["separation"]["codec_oracle"]["si_sdr"]["mean"] > ours["si_sdr"]["mean"]
    captured = json.loads((reports / "captured.json").read_text())
    assert len(captured["parts"]) == 2
    assert abs(metrics["separation"]["mixture"]["si_sdri"]["mean"]) < 1e-3
    assert metrics["counts"]["n_excerpts"] == 4
    assert set(metrics["reconstruction"]) == {
        "latent_mse",
        "multiscale_stft",
        "codec_multiscale_stft",
    }
    generation = metrics["generation"]
    assert generation["frechet_codec_roundtrip"] < generation["frechet_generated"]
    assert generation["frechet_codec_roundtrip"] < generation["frechet_latent_diffusion"]
    assert 0 < generation["nearest_real"] < generation["nearest_generated"]
    assert generation["kept_other_song"] < 1
    assert generation["replaced_other_song"] < 1
    assert {path.name for path in (reports / "plots").iterdir()} == {
        "scores.csv",
        "si_sdr.png",
        "sdr.png",
        "sir.png",
        "spectrograms.png",
    }
    written = contents(reports)
    assert len([name for name in written if name.startswith("scores/")]) == 4 * len(METHODS)
    sections = read_sections(reports / "listening", ["drums", "bass"], 64, AudioLibrary())
    assert [len(section.rows) for section in sections] == [2, 2, 1, 3]
    assert [len(column) for column in sections[0].rows[0].columns] == [2, 3, 3]
    assert list((project / ".scratch").iterdir()) == []

    for place, name in ((Ours, "score_reconstruction"), (listening.Listening, "generation")):
        _break(evaluate, monkeypatch, place, name)
    monkeypatch.setattr(Ours, "_separate", None)
    monkeypatch.setattr(run, "_estimate", None)
    monkeypatch.setattr(run, "_score", None)
    assert contents(evaluate()) == written


def test_references_are_of_the_mixtures_in_the_store(project: Path, tmp_path: Path) -> None:
    store = LatentStore(project / "data" / "latents" / "test.lmdb")
    names = [excerpt.name for excerpt in store.meta.excerpts]
    ours = Ours(separator(), separator(), Signals(tmp_path / "signals"), names, 0, n_processes=1)
    ours.read(store.meta, find_tracks("slakh2100", project / "data" / "raw"))
    heard = [ours.latents(name)[0].numpy() for name in names]
    for number, latents in enumerate(heard):
        errors = [np.abs(store.mixture(n) - latents).max() for n in range(len(names))]
        assert [error < 0.01 for error in errors] == [n == number for n in range(len(names))]


class Killed(BaseException):
    pass


def _break(
    evaluate: Callable[[], Path], monkeypatch: pytest.MonkeyPatch, place: type, name: str
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, name, kill)
        with pytest.raises(Killed):
            evaluate()


def test_a_store_of_another_codec_is_one_clear_error(
    evaluate: Callable[[], Path], project: Path
) -> None:
    folder = write_decomposition(project / "models" / "decomposition")
    other = card()
    other["codec"]["dtype"] = "float32"
    written = json.loads((folder / "card.json").read_text()) | {"codec": other["codec"]}
    (folder / "card.json").write_text(json.dumps(written))
    with pytest.raises(MismatchError, match=r"test\.lmdb holds .* run `dvc repro`"):
        evaluate()

import json
from pathlib import Path

import numpy as np
import pytest

from dirac.audio.files import read_audio
from dirac.evaluation.listening import Listening
from dirac.evaluation.ours import PARTS, Ours
from dirac.evaluation.signals import Signals
from dirac.evaluation.songs import Songs
from dirac.separation.generate import Generator

from ..tiny_models import separator, write_latent_diffusion, write_prior

EXCERPTS = ["one-0000.0", "two-0000.0", "three-0000.0"]
OWNERS = {"drums": [0, 2], "bass": [1]}  # parts of a model of three


@pytest.fixture
def listening(tmp_path: Path) -> Listening:
    """Three excerpts taken into three parts, of which drums have two."""
    signals = Signals(tmp_path / "signals")
    for seed, excerpt in enumerate(EXCERPTS):
        signals.save_references(
            excerpt, 0.1 * np.random.default_rng(seed).normal(size=(2, 1, 9600))
        )
    model = separator(n_latents=3)
    ours = Ours(model, model, signals, EXCERPTS, seed=0, n_processes=1)
    ours.separate(PARTS)
    documents = [
        {
            "method": method,
            "excerpt": excerpt,
            "targets": [{"name": s, "parts": p, "si_sdr": 4.5 + n} for s, p in OWNERS.items()],
        }
        for method in ("refined", "decoded")
        for n, excerpt in enumerate(EXCERPTS)
    ]
    return Listening(tmp_path / "listening", ours, documents, n_examples=2, n_extremes=1, n_songs=1)


def clips(row: dict) -> dict[str, dict]:
    return {clip["label"]: clip for clip in row["clips"]}


def test_every_part_is_named_by_its_source_and_sounds_like_what_was_scored(
    listening: Listening,
) -> None:
    section = listening.excerpts()
    assert [row["title"] for row in section["rows"]] == EXCERPTS[:2]
    first = clips(section["rows"][0])
    assert list(first) == [
        "mixture",
        "reconstruction",
        *("drums, refined, part 1", "drums, refined, part 3"),
        *("drums, decoded, part 1", "drums, decoded, part 3"),
        "drums, true",
        *("bass, refined", "bass, decoded", "bass, true"),
    ]
    assert first["bass, refined"]["scores"] == {"si_sdr": 4.5}
    assert first["drums, refined, part 1"]["scores"] is None  # the score is that of their sum
    heard = {label: read_audio(listening.folder / clip["file"])[0] for label, clip in first.items()}
    refined = [sound for label, sound in heard.items() if "refined" in label]
    np.testing.assert_allclose(sum(refined), heard["mixture"], atol=1e-4)
    true = heard["drums, true"] + heard["bass, true"]
    np.testing.assert_allclose(true, heard["mixture"], atol=1e-4)
    assert heard["reconstruction"].shape == heard["mixture"].shape


def test_pairs_are_recomposed_and_the_prior_heard(listening: Listening, tmp_path: Path) -> None:
    separator = listening.ours.separator
    folder = write_prior(tmp_path / "prior", n_components=3)
    prior = Generator.load(folder, separator)
    plain = Generator.of_latents(write_latent_diffusion(tmp_path / "plain"), separator)
    listening.write(Songs(listening.ours, prior, plain), n_frames=20)
    index = json.loads((listening.folder / "index.json").read_text())
    _, extremes, recompositions, generation = index["sections"]
    worst, best = extremes["rows"]
    assert worst["title"] == "Worst 1: one-0000.0"
    assert best["title"] == "Best 1: three-0000.0"
    (pair,) = recompositions["rows"]
    assert list(clips(pair)) == ["A", "B", "A's drums with B's bass and drums"]
    assert pair["text"] == "A: one-0000.0, B: two-0000.0"
    unconditional, plainly, kept = generation["rows"]
    assert list(clips(unconditional)) == ["sample 1"]
    assert list(clips(plainly)) == ["plain sample 1"]
    assert list(clips(kept)) == ["the song", "kept: drums", "with new partners"]
    for section in index["sections"]:
        for row in section["rows"]:
            for clip in row["clips"]:
                sound, rate = read_audio(listening.folder / clip["file"])
                assert rate == 24000
                assert sound.shape[1] > 6000

import numpy as np
import pytest

from dirac.evaluation.scores import Settings, score

SETTINGS = Settings(("drums", "bass"), 8000, window_seconds=1.0, hop_seconds=0.5, silence_db=-50.0)


@pytest.fixture
def references() -> np.ndarray:
    generator = np.random.default_rng(0)
    return (0.1 * generator.standard_normal((2, 1, 16000))).astype(np.float32)


def test_the_document_is_in_musevals_schema(references: np.ndarray) -> None:
    import json
    from importlib.util import find_spec
    from pathlib import Path

    from jsonschema import validate

    parts = references + 0.1 * references[::-1]
    document = score(parts, references, ((0, 1), (0, 1)), SETTINGS)
    package = find_spec("museval")
    assert package is not None
    assert package.origin is not None
    validate(document, json.loads(Path(package.origin).with_name("musdb.schema.json").read_text()))
    drums = document["targets"][0]
    assert [frame["time"] for frame in drums["frames"]] == [0.0, 0.5, 1.0]
    assert set(drums["frames"][0]["metrics"]) == {"SDR", "SIR", "ISR", "SAR"}
    assert drums["si_sdr"] == pytest.approx(20.0, abs=0.3)
    assert drums["si_sdri"] == pytest.approx(20.0, abs=0.5)


def test_fixed_and_best_assignment_are_both_scored(references: np.ndarray) -> None:
    parts = references[::-1] + 0.1 * references
    document = score(parts, references, ((0, 1), (1, 0)), SETTINGS)
    fixed, best = document["targets"][0], document["best"]["targets"][0]
    assert (fixed["parts"], best["parts"]) == ([0], [1])
    assert fixed["si_sdr"] == pytest.approx(-20.0, abs=0.5)
    assert best["si_sdr"] == pytest.approx(20.0, abs=0.5)
    assert best["frames"][0]["metrics"]["SDR"] > fixed["frames"][0]["metrics"]["SDR"] + 15


def test_one_sounding_source_is_named_and_not_scored(references: np.ndarray) -> None:
    references[1] = 1e-4 * references[1]
    document = score(references, references, ((0, 1), (0, 1)), SETTINGS)
    drums, bass = document["targets"]
    assert (drums["silent"], bass["silent"]) == (False, True)
    assert not drums["scored"]
    assert not bass["scored"]
    assert drums["si_sdr"] is None
    assert drums["frames"] == []


def test_silence_is_measured_on_the_source_not_on_its_share(references: np.ndarray) -> None:
    level = 10 ** (SETTINGS.silence_db / 20)
    shares = references / references.std(axis=-1, keepdims=True) * level / 2
    assert not score(1.01 * shares, 1.01 * shares, ((0, 1),) * 2, SETTINGS)["targets"][0]["silent"]
    assert score(0.99 * shares, 0.99 * shares, ((0, 1),) * 2, SETTINGS)["targets"][0]["silent"]


def test_a_silent_part_is_missed_and_scored_as_the_mixture(references: np.ndarray) -> None:
    parts = np.stack([references.sum(0), np.zeros_like(references[0])])
    document = score(parts, references, ((0, 1), (0, 1)), SETTINGS)
    bass = document["targets"][1]
    assert bass["missed"]
    assert bass["si_sdri"] == pytest.approx(0.0, abs=1e-4)
    assert len(bass["frames"]) == 3

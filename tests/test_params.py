import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from dirac.audio.encodec import Encodec24, Encodec48
from dirac.audio.encodec_mini import EncodecMini
from dirac.audio.spectrogram import Spectrogram
from dirac.evaluation.generation import N_POOLED
from dirac.params import LEAST_KBPS_OF_48_KHZ, ParamsError, check_params, load_params
from dirac.reporting.clips import MP3_BITRATES
from dirac.sections import FRAME_RATES, HOP

PARAMS = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def values() -> Any:
    return YAML(typ="safe").load(PARAMS)


def test_the_projects_own_file_is_read_value_by_value(values: Any) -> None:
    params = load_params(PARAMS).model_dump(mode="json")
    assert params == values


WRONG: list[tuple[str, Callable[[Any], Any], str]] = [
    ("unknown key", lambda v: v["train"].update(n_epochs=3), r"train\.n_epochs: unknown key"),
    ("missing key", lambda v: v["model"].pop("n_latents"), r"model\.n_latents: missing"),
    ("missing section", lambda v: v.pop("prior"), "prior: missing"),
    ("nesting", lambda v: v["codec"].update(spectrogram=3), r"codec\.spectrogram: .*\(it is 3\)"),
    ("too small", lambda v: v["train"].update(n_steps=0), r"train\.n_steps: .* 1 .*\(it is 0\)"),
    ("not a number", lambda v: v["prior"].update(learning_rate="fast"), r"prior\.learning_rate"),
    ("infinite", lambda v: v["train"].update(learning_rate=float("inf")), r"train\.learning_rate"),
    ("no number", lambda v: v["train"].update(final_rate=float("nan")), r"train\.final_rate"),
    ("a choice", lambda v: v["data"].update(name="slakh"), r"data\.name: .*'babyslakh'.*'slakh'"),
    ("bandwidth", lambda v: v["codec"].update(bandwidth=7), "codec: bandwidth must be one of 1.5"),
    ("twice", lambda v: v["data"].update(sources=["bass", "bass"]), "data: sources must differ"),
    ("kick", lambda v: v["data"].update(sources=["drums", "kick"]), "would sound twice"),
    ("songs", lambda v: v["data"].update(name="folder"), r"name folder goes with .*\[mixture\]"),
    ("mixture", lambda v: v["data"].update(sources=["mixture"]), "a folder of songs has no stems"),
    (
        "kept",
        lambda v: v["data"].update(name="slakh2100", sources=["drums", "piano", "bass"]),
        r"data: slakh2100\.sources, .* lacks piano",
    ),
    (
        "stems",
        lambda v: (
            v["data"].update(name="folder", sources=["mixture"])
            or v["train"].update(objective="supervised")
        ),
        "has none: take anchored or paper",
    ),
    ("teacher", lambda v: v["train"].update(n_first_steps=0), r"set train\.n_first_steps or"),
    ("rounds", lambda v: v["train"].update(objective="paper"), "is of train.objective anchored"),
    (
        "later rounds",
        lambda v: v["train"].update(n_first_steps=0, bootstrapped=0.0, n_rounds=2),
        "those that go on from a model",
    ),
    (
        "rounds of ours",
        lambda v: v["train"].update(
            objective="paper", n_first_steps=0, start="kept/mine", n_rounds=2
        ),
        "train.n_rounds is of train.objective anchored",
    ),
    ("goes on", lambda v: v["train"].update(start="kept/mine"), "in place of a first round"),
    (
        "its own speed",
        lambda v: v["train"]["anchors"].update(speeds=[1.0, 2.0]),
        r"train\.anchors\.speeds 1, 2 must differ from 1",
    ),
    ("speed", lambda v: v["train"]["anchors"].update(speeds=[4.0]), r"train\.anchors\.speeds\.0"),
    ("seed", lambda v: v.update(seed=2**32), "seed: Input should be less than 4294967296"),
    ("even", lambda v: v["model"]["encoder"].update(kernel=4), r"model\.encoder: kernel must be"),
    (
        "twin",
        lambda v: v["train"].update(objective="supervised") or v["model"].update(n_latents=3),
        "model.n_latents must be 2",
    ),
    (
        "masks",
        lambda v: v["evaluate"]["mask"].update(n_fft=512),
        "evaluate.mask.n_fft 512 is too short for the bands of codec.name spectrogram: 1024",
    ),
    (
        "crops",
        lambda v: v["data"].update(duration_seconds=1.7),
        r"prior\.n_frames 256 is more than the 128 frames of an excerpt: .* to 3\.41 or more",
    ),
    (
        "crops of the model",
        lambda v: v["data"].update(duration_seconds=3.5) or v["train"].update(n_frames=264),
        r"train\.n_frames 264 is more than the 263 frames",
    ),
    (
        "one excerpt",
        lambda v: v["data"]["max_excerpts"].update(test=1),
        r"data: max_excerpts\.test must be 2 or more",
    ),
    (
        "too few bits",
        lambda v: v["codec"].update(name="encodec_48khz") or v["report"].update(mp3_kbps=32),
        r"report\.mp3_kbps 32 is too little for codec\.name encodec_48khz: .* more than 32",
    ),
    (
        "windows of a frame",
        lambda v: v["evaluate"].update(embedding_seconds=0.05),
        r"evaluate\.embedding_seconds: .* 0\.07",
    ),
    (
        "clips",
        lambda v: v["evaluate"].update(clip_seconds=0.05),
        r"evaluate\.clip_seconds: .* 0\.07",
    ),
    (
        "hops",
        lambda v: v["evaluate"].update(hop_seconds=0.00001),
        r"evaluate\.hop_seconds: .* 0\.01",
    ),
    (
        "levels",
        lambda v: v["model"]["denoiser"].update(strides=[]),
        r"model\.denoiser: strides must have \d values",
    ),
    (
        "groups",
        lambda v: v["prior"]["denoiser"].update(n_groups=7),
        r"prior\.denoiser: channels must be multiples of n_groups \(7\)",
    ),
]


@pytest.mark.parametrize(("change", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_is_wrong_is_named(values: Any, change: Callable[[Any], Any], message: str) -> None:
    change(values)
    with pytest.raises(ParamsError, match=message) as caught:
        check_params(values, "params.yaml")
    assert str(caught.value).startswith("params.yaml cannot be used:\n")
    assert len(str(caught.value).splitlines()) == 2


def test_excerpts_that_just_hold_the_crops_are_long_enough(values: Any) -> None:
    values["data"].update(duration_seconds=3.4)
    values["prior"].update(n_frames=255)
    check_params(values, "params.yaml")
    values["codec"].update(name="encodec_48khz")
    values["data"].update(duration_seconds=1.7)
    check_params(values, "params.yaml")


def test_what_the_sections_know_of_others_is_so() -> None:
    rates = {"spectrogram": Spectrogram, "encodec_mini": EncodecMini}
    rates |= {"encodec_24khz": Encodec24, "encodec_48khz": Encodec48}
    assert {name: codec.frame_rate for name, codec in rates.items()} == FRAME_RATES
    assert {codec.hop for codec in rates.values()} == {HOP}
    assert MP3_BITRATES[Encodec48.sample_rate][0] == LEAST_KBPS_OF_48_KHZ
    assert round(0.07 * min(FRAME_RATES.values())) == N_POOLED


@pytest.mark.parametrize("change", [{"root": "mine"}, {"slakh2100": {"sources": None}}])
def test_of_a_slakh_that_is_there_or_kept_whole_any_source_can_be_used(
    values: Any, change: Any
) -> None:
    values["data"].update(name="slakh2100", sources=["drums", "piano"])
    values["data"].update(change)
    check_params(values, "params.yaml")


def test_every_wrong_key_has_its_line(values: Any) -> None:
    values["seed"] = -1
    del values["report"]["mp3_kbps"]
    with pytest.raises(ParamsError, match=r"(?s)  seed: .*\n  report\.mp3_kbps: missing$"):
        check_params(values, "params.yaml")


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path, values: Any) -> None:
    text, n = re.subn("learning_rate: .*", "learning_rate: 1e-4", PARAMS.read_text())
    (tmp_path / "params.yaml").write_text(text)
    assert n == 4
    assert load_params(tmp_path / "params.yaml").train.learning_rate == 1e-4


def test_a_missing_file_and_one_that_is_no_yaml(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml is missing: run from the project's"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("seed: [")
    with pytest.raises(ParamsError, match="is not YAML"):
        load_params(tmp_path / "params.yaml")

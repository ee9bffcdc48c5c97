import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dirac.params import ParamsError, load_params
from dirac.sections import Train
from dirac.settings import SettingsError, apply, names

PROJECT = Path(__file__).parents[1]
SETTINGS = PROJECT / "settings.yaml"


@pytest.fixture
def params(tmp_path: Path) -> Path:
    return Path(shutil.copy(PROJECT / "params.yaml", tmp_path))


def comments(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line.partition("#")[2] for line in lines if "#" in line]


def test_the_names() -> None:
    assert names(SETTINGS) == [
        "paper", "paper3", "paper4", "paper8", "tiny",
        "wide", "own-songs", "encodec-mini", "codec",
        "drums-piano", "bass-piano", "three", "drums4", "drums8", "supervised", "paper-objective",
        "no-masking", "one-channel",
    ]  # fmt: skip


@pytest.mark.parametrize("name", names(SETTINGS))
def test_only_values_change_and_all_comments_stay(params: Path, name: str) -> None:
    before = params.read_text().splitlines()
    changes = apply(name, params, SETTINGS)
    after = params.read_text().splitlines()
    assert len(after) == len(before)
    assert 0 < sum(a != b for a, b in zip(before, after, strict=True)) <= len(changes)
    assert comments(params) == comments(PROJECT / "params.yaml")
    assert not any("  #" in line for line in after)
    assert [line.partition(":")[0] for line in after] == [b.partition(":")[0] for b in before]
    assert list(params.parent.iterdir()) == [params]


@pytest.mark.parametrize("name", names(SETTINGS))
def test_what_is_reported_is_what_changed_and_a_second_time_nothing_does(
    params: Path, name: str
) -> None:
    before = load_params(params)
    changes = apply(name, params, SETTINGS)
    after = load_params(params)
    for key, (old, new) in changes.items():
        for values, said in ((before, old), (after, new)):
            found = values
            for part in key.split("."):
                found = getattr(found, part)
            expected = tuple(said) if isinstance(said, list) else said
            assert (str(found) if isinstance(found, Path) else found) == expected
    text = params.read_text()
    assert apply(name, params, SETTINGS) == {}
    assert params.read_text() == text


OF_SOURCES = ("drums-piano", "bass-piano", "three", "drums4", "drums8")


@pytest.mark.parametrize("before", [name for name in names(SETTINGS) if name != "own-songs"])
def test_those_of_sources_have_rounds_rates_and_anchors_of_their_own_after_any_other(
    params: Path, before: str
) -> None:
    apply(before, params, SETTINGS)
    text = params.read_text()
    for name in OF_SOURCES:
        params.write_text(text)
        assert training_of(name, params) == training_of_fresh(name)


def training_of(name: str, params: Path) -> tuple[object, ...]:
    apply(name, params, SETTINGS)
    train = load_params(params).train
    return (train.objective, train.start, train.anchors, *rounds_of(train))


@cache
def training_of_fresh(name: str) -> tuple[object, ...]:
    """That of a setting upon the project's own params."""
    with TemporaryDirectory() as folder:
        return training_of(name, Path(shutil.copy(PROJECT / "params.yaml", folder)))


@pytest.mark.parametrize("name", ["paper", "wide", "own-songs"])
def test_another_codec_decodes_in_its_own_way(name: str, params: Path) -> None:
    def decoding() -> tuple[object, ...]:
        apply(name, params, SETTINGS)
        chosen = load_params(params)
        return chosen.codec.name, chosen.evaluate.sampling, chosen.evaluate.n_shifts

    fresh = decoding()
    apply("encodec-mini", params, SETTINGS)
    assert decoding() == fresh


def rounds_of(train: Train) -> tuple[float, ...]:
    first = (train.n_first_steps, train.first_learning_rate)
    return (*first, train.n_rounds, train.n_steps, train.learning_rate, train.bootstrapped)


def test_a_folder_of_songs_has_no_sources_to_choose(params: Path) -> None:
    apply("own-songs", params, SETTINGS)
    with pytest.raises(ParamsError, match="name folder goes with sources"):
        apply("three", params, SETTINGS)


def test_those_of_sources_keep_the_data_set(params: Path) -> None:
    apply("paper", params, SETTINGS)
    apply("bass-piano", params, SETTINGS)
    assert load_params(params).data.name == "slakh2100"


def test_drums_and_piano_train_as_the_default(params: Path) -> None:
    assert set(apply("drums-piano", params, SETTINGS)) == {"data.sources"}


@pytest.mark.parametrize(("name", "n_latents"), [("paper", 2), ("paper4", 4), ("paper8", 8)])
def test_the_papers_scale(params: Path, name: str, n_latents: int) -> None:
    apply(name, params, SETTINGS)
    chosen = load_params(params)
    assert chosen.model.n_latents == n_latents
    assert chosen.data.name == "slakh2100"
    assert chosen.data.max_excerpts.train is None
    assert chosen.data.sources == ("drums", "bass")
    assert (chosen.codec.name, chosen.codec.quantized) == ("encodec_24khz", True)
    assert (chosen.train.objective, chosen.train.n_steps) == ("paper", 267_000)


def test_one_setting_may_build_on_another(params: Path) -> None:
    apply("paper3", params, SETTINGS)
    chosen = load_params(params)
    assert chosen.data.sources == ("drums", "bass", "piano")
    assert chosen.model.n_latents == 3
    assert chosen.evaluate.sampling.n_steps == 50


WRONG = {
    "name": ("paper5", SettingsError, "no settings 'paper5'; there are typo, section, impossible"),
    "key": ("typo", SettingsError, r"typo: the params file has no key train\.n_step$"),
    "path": ("section", SettingsError, r"section: the params file has no key seed\.value$"),
    "value": ("impossible", ParamsError, r"with the settings impossible .*\n  train\.n_steps"),
}


@pytest.mark.parametrize(("name", "error", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_leaves_the_file_alone(
    params: Path, tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "typo: {seed: 5, train.n_step: 3}\nsection: {seed.value: 3}\nimpossible: {train.n_steps: 0}"
    )
    before = params.read_bytes()
    with pytest.raises(error, match=message):
        apply(name, params, settings)
    assert params.read_bytes() == before


def test_missing_files_are_named(tmp_path: Path, params: Path) -> None:
    with pytest.raises(SettingsError, match=r"settings\.yaml is missing"):
        names(tmp_path / "settings.yaml")
    with pytest.raises(SettingsError, match=r"other\.yaml is missing"):
        apply("tiny", tmp_path / "other.yaml", SETTINGS)

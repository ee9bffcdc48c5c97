import json
from pathlib import Path
from typing import Any

import pytest
import torch

from dirac.assembly import choose_device, open_separator, settings_of
from dirac.model_files import CheckpointError, load_model, save_model
from dirac.packaged import describe, part_names
from dirac.packing import halved, pack, snapshot
from dirac.params import Params, check_params, load_params
from dirac.scored import PackingError
from dirac.separation.generate import Generator
from dirac.separation.separator import Separator

from .tiny_models import separator, write_decomposition, write_prior

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def params() -> Params:
    return load_params(PROJECT / "params.yaml")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_decomposition(tmp_path / "model")


def write_scores(folder: Path, model: Path, sources: tuple[str, ...] = ("drums", "bass")) -> Path:
    """As an evaluation leaves them, with part 1 assigned to the first source -> metrics.json."""
    means = {"refined": 9.1, "decoded": -20.0, "oracle": 14.1, "nmf": 5.2}
    scores = {
        method: {"si_sdr": {"mean": mean, **dict.fromkeys(sources, mean)}}
        for method, mean in means.items()
    }
    targets = [{"name": name, "parts": [1 - n]} for n, name in enumerate(sources)]
    documents = folder / "scores" / "refined"
    documents.mkdir(parents=True)
    (documents / "test-song-0000.0.json").write_text(json.dumps({"targets": targets}))
    models = {"decomposition": load_model(model)[1]["sha256"]}
    metrics = {"separation": scores, "counts": {"n_scored_excerpts": 30}, "models": models}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder / "metrics.json"


def test_a_packed_model_separates_as_the_model_in_any_folder(
    model: Path, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(model, tmp_path / "packed", params, None, None)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    packed = Separator.load(tmp_path / "packed")
    assert {value.dtype for value in packed.model.state_dict().values()} == {torch.float32}
    mixture = 0.1 * torch.randn(2, 20000, generator=torch.Generator().manual_seed(0))
    plain = open_separator(model, PROJECT / "params.yaml")
    parts, exact = packed.refined(mixture, 24000), plain.refined(mixture, 24000)
    torch.testing.assert_close(parts.sum(0), mixture, rtol=0, atol=1e-5)
    assert (parts - exact).square().mean() < 0.01 * exact.square().mean()
    assert packed.settings == plain.settings == settings_of(params)


def test_weights_are_half_as_large_and_the_card_is_theirs(
    model: Path, params: Params, tmp_path: Path
) -> None:
    folder = tmp_path / "packed"
    pack(model, folder, params, None, None)
    before, after = load_model(model), load_model(folder)  # checks the sha256
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "card.json"}
    assert {value.dtype for value in after[0].values()} == {torch.float16}
    for name, value in before[0].items():
        torch.testing.assert_close(after[0][name].float(), value, rtol=1e-3, atol=1e-6)
    made = {"packed", "separation", "params", "sha256"}
    assert after[1].keys() == before[1].keys() | made
    assert {after[1][key] == value for key, value in before[1].items() if key not in made} == {True}
    assert after[1]["packed"]["sha256_before"] == before[1]["sha256"]
    assert {"dirac", "torch"} <= after[1]["packed"]["versions"].keys()
    assert check_params(after[1]["params"], "the card") == params


def test_the_card_has_the_scores_and_names_that_the_evaluation_found(
    model: Path, params: Params, tmp_path: Path
) -> None:
    metrics, folder = write_scores(tmp_path / "reports", model), tmp_path / "packed"
    pack(model, folder, params, metrics, None)
    card = load_model(folder)[1]
    assert set(card["scores"]["si_sdr"]) == {"refined", "nmf", "oracle"}
    assert card["scores"]["si_sdr"]["refined"]["bass"] == 9.1
    assert "metrics.json" in card["scores"]["from"]
    assert card["parts"] == part_names(folder, 2) == ["bass", "drums"]
    assert "stems" in card["parts_named_by"]
    assert describe(folder) == (
        "packed: drums, bass; data: slakh2100; "
        "SI-SDR of 30 excerpts in dB: oracle 14.1, refined 9.1, nmf 5.2"
    )
    card["scores"]["n_excerpts"] = 1
    (folder / "card.json").write_text(json.dumps(card))
    assert "SI-SDR of 1 excerpt in dB" in describe(folder)


def test_packing_again_keeps_what_is_known_and_replaces_whole(
    model: Path, params: Params, tmp_path: Path
) -> None:
    folder, twice = tmp_path / "packed", tmp_path / "twice"
    pack(model, folder, params, write_scores(tmp_path / "reports", model), None)
    for output in (twice, twice, folder):
        pack(folder, output, None, None, None)
    cards = [load_model(packed)[1] for packed in (folder, twice)]
    assert cards[0] == cards[1]
    assert (folder / "model.safetensors").read_bytes() == (twice / "model.safetensors").read_bytes()
    assert not list(tmp_path.glob(".*"))


def test_an_empty_folder_becomes_the_model(model: Path, params: Params, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    pack(model, folder, params, None, None)
    assert "packed" in load_model(folder)[1]
    assert not list(tmp_path.glob(".*"))


def test_what_is_no_packed_model_is_left_alone(model: Path, params: Params, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "song.wav").touch()
    for output in (folder, folder / "song.wav"):
        with pytest.raises(PackingError, match="no packed model"):
            pack(model, output, params, None, None)
    (model / "history.csv").touch()
    with pytest.raises(PackingError, match="no packed model"):
        pack(model, model, params, None, None)
    assert [path.name for path in folder.iterdir()] == ["song.wav"]


def test_nothing_is_left_of_a_model_that_does_not_load(
    model: Path, params: Params, tmp_path: Path
) -> None:
    card = json.loads((model / "card.json").read_text())
    card["model"]["n_latents"] = 5
    (model / "card.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match=r"does not describe .* is missing in the file"):
        pack(model, tmp_path / "packed", params, None, None)
    assert list(tmp_path.iterdir()) == [model]


def test_params_of_another_training_are_refused(
    model: Path, params: Params, tmp_path: Path
) -> None:
    other = params.model_copy(update={"seed": 7})
    with pytest.raises(PackingError, match="trained with seed 0, they say 7"):
        pack(model, tmp_path / "packed", other, None, None)


def test_scores_of_another_evaluation_are_refused(
    model: Path, params: Params, tmp_path: Path
) -> None:
    others = write_scores(tmp_path / "reports", model, ("piano", "bass"))
    (tmp_path / "empty.json").write_text("{}")
    other = write_decomposition(tmp_path / "other", target="velocity", n_latents=3)
    for metrics, message in (
        (write_scores(tmp_path / "others", other), "the scores of another model"),
        (others, "scores bass, piano, but the model was trained on drums, bass"),
        (tmp_path / "empty.json", "does not hold the scores"),
    ):
        with pytest.raises(PackingError, match=message):
            pack(model, tmp_path / "packed", params, metrics, None)


def test_no_path_of_the_machine_is_in_the_snapshot(params: Params) -> None:
    banks = (Path("/home/me/banks"), Path("~/more/kit.sf2"))
    synthetic = params.data.synthetic.model_copy(update={"banks": banks})
    data = params.data.model_copy(update={"root": Path("/data/slakh"), "synthetic": synthetic})
    codec = params.codec.model_copy(update={"weights": Path("/home/me/encodec.th")})
    start = {"start": Path("/home/me/models/mine"), "n_first_steps": 0}
    train = params.train.model_copy(update=start)
    evaluate = params.evaluate.model_copy(update={"clap": Path("/home/me/clap")})
    here = {"data": data, "codec": codec, "train": train, "evaluate": evaluate}
    values = snapshot(params.model_copy(update=here))
    read = check_params(values, "the snapshot")
    assert (read.train.start, read.evaluate.clap) == (Path("mine"), None)
    assert read.data.root == Path("slakh")
    assert read.data.synthetic.banks == (Path("banks"), Path("kit.sf2"))
    assert read.codec.weights is None
    assert read.model == params.model
    assert "/home" not in json.dumps(values)


def test_weights_beyond_half_precision_are_refused() -> None:
    with pytest.raises(PackingError, match="scale are too large"):
        halved(torch.tensor([1e6]), "scale")


@pytest.mark.parametrize("names", [["a"], ["a", "A"], ["a", "../b"], ["a", ""], ["a", 3], "ab"])
def test_a_card_with_impossible_names_is_an_error(model: Path, names: Any) -> None:
    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps(card | {"parts": names}))
    with pytest.raises(CheckpointError, match="parts must be"):
        part_names(model, 2)


def test_a_model_that_is_not_packed_takes_the_projects_params(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, params: Params
) -> None:
    monkeypatch.chdir(PROJECT)
    assert open_separator(model).settings == settings_of(params)
    assert separator().n_parts == open_separator(model).n_parts
    with pytest.raises(CheckpointError, match="no such folder"):
        open_separator(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="not packed: `dirac pack`"):
        Separator.load(model)
    with pytest.raises(PackingError, match="not packed yet"):
        pack(model, tmp_path / "packed", None, None, None)


def test_a_prior_goes_with_its_model(model: Path, params: Params, tmp_path: Path) -> None:
    prior, folder = write_prior(tmp_path / "prior"), tmp_path / "packed"
    pack(model, folder, params, None, prior)
    pack(folder, folder, None, None, None)
    packed = Separator.load(folder)
    generator = Generator.load(folder / "prior", packed)
    assert generator.generate(20, 0).shape == (1, 2, 2, 20)
    weights, card = load_model(prior)
    shaped = {"model": card["model"], "n_frames": 32}
    known = load_model(folder)[1]["sha256"]  # trained on the components of the packed model
    save_model(prior, weights, shaped | {"decomposition": known})
    pack(folder, tmp_path / "again", None, None, prior)
    save_model(prior, weights, shaped | {"decomposition": "else"})
    with pytest.raises(CheckpointError, match="of another model"):
        pack(model, tmp_path / "second", params, None, prior)
    assert not (tmp_path / "second").exists()


def test_a_device_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert choose_device(None) == choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match="no CUDA device here"):
        choose_device("cuda")

"""The trained models that ship with the package, and what the card of a model tells of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dirac.model_files import CheckpointError, card_of, is_decomposition, load_model

SHELF = Path(__file__).parent / "pretrained"
DEFAULT = "drums-bass"


def packaged_models() -> list[Path]:
    """The folders of the models that are in this installation, that of the default first."""
    folders = (card.parent for card in SHELF.glob("*/card.json"))
    return sorted(folders, key=lambda folder: (folder.name != DEFAULT, folder.name))


def find_model(name: Path | None) -> Path:
    """The folder of a model, itself named or by the name of a packaged one; None: the default.

    Raises CheckpointError if there is no such folder, or no decomposition in it.
    """
    folder = _folder_of(name)
    if not is_decomposition(load_model(folder)[1]):
        raise CheckpointError(f"the model in {folder} is no decomposition: name the folder of one")
    return folder


def _folder_of(name: Path | None) -> Path:
    if name is not None and name.is_dir():
        return name
    packaged = {folder.name: folder for folder in packaged_models()}
    folder = packaged.get(DEFAULT if name is None else str(name))
    if folder is None:
        known = ", ".join(packaged) or "none"
        raise CheckpointError(
            f"no trained model in {name}: there is no such folder, nor does dirac ship with one "
            f"of that name (it does with {known})"
            if name is not None
            else f"the model {DEFAULT} is not in this installation: install the package again, or "
            "name the folder of a model by --model"
        )
    return folder


def default_model() -> Path:
    """The folder of the model that is used where none is named. Raises as `find_model`."""
    return find_model(None)


def part_names(folder: Path, n_parts: int) -> list[str]:
    """What the parts of the model in `folder` are called: by its card, else part-1, part-2 ...

    Raises CheckpointError if the card's names cannot be those of that many files.
    """
    _, card = load_model(folder)
    names = card.get("parts", [f"part-{number}" for number in range(1, n_parts + 1)])
    if not isinstance(names, list) or not all(_is_file_name(name) for name in names):
        raise CheckpointError(f"{folder / 'card.json'}: parts must be names of files")
    if len({name.casefold() for name in names}) != n_parts or len(names) != n_parts:
        raise CheckpointError(f"{folder / 'card.json'}: parts must be {n_parts} different names")
    return names


def describe(folder: Path) -> str:
    """One line: the name of the model, its sources, its data, its SI-SDR beside that of others.

    Raises CheckpointError if the folder holds no whole model.
    """
    _, card = load_model(folder)
    with card_of(folder):
        sources = ", ".join(card.get("sources", ["sources unknown"]))
        return f"{folder.name}: {sources}; data: {card.get('data', 'unknown')}; {_scores(card)}"


def explain(card: Mapping[str, Any], prior: Mapping[str, Any] | None) -> dict[str, str]:
    """What the cards of a model and of its prior tell, in sentences, by what they are about."""
    model, codec = card["model"], card["codec"]
    n, encoder, training = model["n_latents"], model["encoder"], card["params"]["train"]
    stems = "true stems were shown" if card.get("saw_stems") else "mixtures alone, no stems"
    packed = card.get("packed", {})
    later = [training["n_steps"]] * training.get("n_rounds", 1)
    rounds = [training.get("n_first_steps", 0), *later]
    steps = " and then ".join(str(n_steps) for n_steps in rounds if n_steps)
    lessons = [f"songs {one['songs']}, steps {one['steps']}" for one in card.get("learnt", [])]
    return {
        "parts": ", ".join(card.get("parts", [f"{n}, without names"])),
        "each": f"{encoder['n_component_channels']} numbers, {card['frame_rate']:g} times a second",
        "codec": f"{codec['name']}, {card['sample_rate']} Hz",
        "size": f"{card['n_parameters'] / 1e6:.2f} million numbers"
        if "n_parameters" in card
        else "unknown",
        "data": f"{card['data']}: mixtures of {', '.join(card['sources'])}",
        "training": f"objective {training['objective']}, {stems}; {steps} steps of "
        f"{training['batch_size']}, seed {card['params']['seed']}{_went_on(card)}",
        "learnt": "; then ".join(lessons) or "nothing since",
        "scores": _scores(card),
        "scored": card.get("scores", {}).get("from", "nothing"),
        "prior": "none"
        if prior is None
        else f"draws new components, {prior['n_frames'] / card['frame_rate']:.1f} seconds at once",
        "versions": ", ".join(f"{k} {v}" for k, v in packed.get("versions", {}).items())
        or "unknown",
        "weights": f"{packed.get('weights', 'float32')}, sha256 {card['sha256'][:16]}",
    }


def _went_on(card: Mapping[str, Any]) -> str:
    """From which model the training did, if it did."""
    start = card["params"]["train"].get("start")
    return f"; it went on from {card.get('trained_from', start)}" if start else ""


def _scores(card: Mapping[str, Any]) -> str:
    if "scores" not in card:
        return "not scored"
    scores = card["scores"]
    figures = {method: by_source["mean"] for method, by_source in scores["si_sdr"].items()}
    known = {method: mean for method, mean in figures.items() if mean is not None}
    listed = ", ".join(f"{m} {known[m]:.1f}" for m in sorted(known, key=known.__getitem__)[::-1])
    excerpts = "1 excerpt" if (n := scores["n_excerpts"]) == 1 else f"{n} excerpts"
    return f"SI-SDR of {excerpts} in dB: {listed}"


def _is_file_name(name: object) -> bool:
    return isinstance(name, str) and name == Path(name).name and name[:1] not in ("", ".")

"""The scores of an evaluation, for the card of a model that is packed."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dirac.evaluation.results import OURS
from dirac.reporting.tables import out_of_phase

ORIGIN_OF_NAMES = (
    "the one assignment of parts to sources that scored best on stems, found after training: "
    "the training was told no names"
)


class PackingError(ValueError):
    """A model that cannot be packed; the message says what is wrong with which file."""


def origin(card: Mapping[str, Any]) -> str:
    """The sha256 of the weights as they were trained, by the card of a model, packed or not."""
    sha256: str = card["packed"]["sha256_before"] if "packed" in card else card["sha256"]
    return sha256


def read_scores(metrics: Path, card: Mapping[str, Any], sources: Sequence[str]) -> dict[str, Any]:
    """For the card of a model of these sources, its `scores`: SI-SDR in dB of ours, the others and

    the bounds, by the assignment that is fixed for the whole set; and its `parts`, if the scores
    lie beside. Raises PackingError.
    """
    try:
        content = json.loads(metrics.read_text(encoding="utf-8"))
        figures = {
            method: scores["si_sdr"]
            for method, scores in content["separation"].items()
            if method not in out_of_phase(card["codec"]["name"])
        }
        n_excerpts = content["counts"]["n_scored_excerpts"]
        scored = set(figures[OURS]) - {"mean"}
        evaluated = content["models"]["decomposition"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PackingError(f"{metrics} does not hold the scores of an evaluation") from error
    if scored != set(sources):
        raise PackingError(
            f"{metrics} scores {', '.join(sorted(scored))}, but the model was trained on "
            f"{', '.join(sources)}"
        )
    if evaluated not in (card["sha256"], origin(card)):
        raise PackingError(
            f"{metrics} holds the scores of another model (sha256 {evaluated[:8]}, this is "
            f"{origin(card)[:8]}): evaluate this one"
        )
    source = f"{metrics.name} of the test split, mean over excerpts"
    entry = {"scores": {"from": source, "n_excerpts": n_excerpts, "si_sdr": figures}}
    documents = sorted((metrics.parent / "scores" / OURS).glob("*.json"))
    if not documents:
        return entry
    targets = json.loads(documents[0].read_text(encoding="utf-8"))["targets"]  # all have the same
    names = name_parts(targets, card["model"]["n_latents"])
    return entry | {"parts": names, "parts_named_by": ORIGIN_OF_NAMES}


def name_parts(targets: Sequence[Mapping[str, Any]], n_parts: int) -> list[str]:
    """Of each part the name of the source that it was assigned to, fit for a file.

    targets: of a document of scores. The parts of a source that has several are numbered. Raises
    PackingError if these are not all the parts.
    """
    owned = {
        part: f"{_file_name(target['name'])}{f'-{number}' if len(target['parts']) > 1 else ''}"
        for target in targets
        for number, part in enumerate(target["parts"], 1)
    }
    if sorted(owned) != list(range(n_parts)):
        raise PackingError(f"the scores are of {len(owned)} parts, the model makes {n_parts}")
    names = [owned[part] for part in range(n_parts)]
    if len({name.casefold() for name in names}) < n_parts:
        raise PackingError(f"sources that differ make files of one name: {', '.join(names)}")
    return names


def _file_name(source: str) -> str:
    return re.sub(r"[^\w ()-]+", "-", source).strip("- ") or "source"

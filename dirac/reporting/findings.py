"""What a run found, in words that follow from its figures, won or lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dirac.reporting.tables import Scores, decibels, means, method, sources_of


@dataclass(frozen=True)
class Figure:
    """One headline number."""

    value: str
    unit: str
    caption: str


@dataclass(frozen=True)
class Standing:
    """Mean SI-SDR in dB of our best method and of what it is measured against."""

    ours: str
    value: float
    mixture: float | None
    rival: tuple[str, float] | None  # the best baseline other than the mixture
    bound: tuple[str, float] | None  # the highest upper bound


def best_of(values: Mapping[str, float], kind: str) -> tuple[str, float] | None:
    """The method of that kind with the highest value; the mixture is no rival."""
    of_kind = [n for n in values if method(n).kind == kind and n != "mixture"]
    name = max(of_kind, key=lambda n: values[n], default=None)
    return None if name is None else (name, values[name])


def standing(scores: Scores) -> Standing | None:
    """None as long as the model has no score."""
    values = means(scores)
    ours = best_of(values, "ours")
    if ours is None:
        return None
    rival, bound = best_of(values, "baseline"), best_of(values, "bound")
    return Standing(ours[0], ours[1], values.get("mixture"), rival, bound)


def listed(names: Sequence[str]) -> str:
    """["a", "b", "c"] -> "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def compared(value: float, other: float, name: str) -> str:
    """As the printed digits say: "2.1 dB above NMF", "0.4 dB below NMF", "level with NMF"."""
    difference = round(round(value, 1) - round(other, 1), 1)
    if difference == 0:
        return f"level with {name}"
    return f"{abs(difference):.1f} dB {'above' if difference > 0 else 'below'} {name}"


def comparisons(found: Standing) -> str:
    """ "3.0 dB above the mixture, but 1.0 dB below HPSS, the best baseline"."""
    parts = []
    if found.mixture is not None:
        parts.append(compared(found.value, found.mixture, "the untouched mixture"))
    if found.rival is not None:
        name = f"{method(found.rival[0]).label}, the best other baseline"
        parts.append(compared(found.value, found.rival[1], name))
    differ = len({part.split("dB ")[-1].split()[0] for part in parts}) > 1
    return (", but " if differ else " and ").join(parts)


def learnt(scores: Scores) -> str:
    """One sentence: how well the sources come apart, and against whom."""
    found = standing(scores)
    sources = listed(sources_of(scores))
    if found is None:
        return f"This run has no score of the model on {sources} yet."
    against = comparisons(found)
    level = f"{decibels(found.value)} dB"
    rivals = [found.mixture, found.rival[1] if found.rival else None]
    if found.mixture is not None and found.value <= found.mixture:
        return f"In this run it does not separate {sources}: its mean SI-SDR is {level}, {against}."
    if all(rival is None or found.value > rival for rival in rivals):
        verdict = f"It separates {sources} with a mean SI-SDR of {level}"
    else:
        verdict = f"It takes {sources} apart with a mean SI-SDR of {level}"
    return f"{verdict}: {against}." if against else f"{verdict}."


def signed(value: float) -> str:
    return ("+" if round(value, 1) > 0 else "") + decibels(value)


def headline(metrics: Mapping[str, Any]) -> list[Figure]:
    """The numbers of the first screen, all of them from metrics.json."""
    found = standing(metrics.get("separation", {}))
    if found is None:
        return []
    figures = [Figure(decibels(found.value), "dB", f"mean SI-SDR of {method(found.ours).label}")]
    if found.mixture is not None:
        figures.append(Figure(signed(found.value - found.mixture), "dB", "against the mixture"))
    if found.rival is not None:
        name = method(found.rival[0]).label
        figures.append(Figure(signed(found.value - found.rival[1]), "dB", f"against {name}"))
    if found.bound is not None:
        name = method(found.bound[0]).label
        figures.append(Figure(decibels(found.bound[1]), "dB", f"{name}, an upper bound"))
    return figures

"""What a run found, in words that follow from its figures, won or lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dirac.reporting.charts import decibels
from dirac.reporting.tables import NO_RIVALS, Scores, means, method, sources_of


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
    rival: tuple[str, float] | None  # the best baseline that takes something apart
    bound: tuple[str, float] | None  # the highest upper bound


def best_of(values: Mapping[str, float], kind: str) -> tuple[str, float] | None:
    """The method of that kind with the highest value, of those that take something apart."""
    of_kind = [n for n in values if method(n).kind == kind and n not in NO_RIVALS]
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


def difference(value: float, other: float) -> float:
    """Of the numbers as they are printed, so that text, table and headline agree."""
    return round(round(value, 1) - round(other, 1), 1)


def compared(value: float, other: float, name: str) -> str:
    """ "2.1 dB above NMF", "0.4 dB below NMF" or "level with NMF"."""
    found = difference(value, other)
    if found == 0:
        return f"level with {name}"
    return f"{abs(found):.1f} dB {'above' if found > 0 else 'below'} {name}"


def opponents(found: Standing) -> list[tuple[str, float]]:
    """What the model has to beat, as the sentence names it."""
    mixture = [] if found.mixture is None else [("the untouched mixture", found.mixture)]
    if found.rival is None:
        return mixture
    name, value = found.rival
    return [*mixture, (f"{method(name).label}, the best baseline", value)]


def learnt(scores: Scores) -> str:
    """One sentence: how well the sources come apart, and against whom."""
    found = standing(scores)
    sources = listed(sources_of(scores))
    if found is None:
        return f"This run has no score of the model on {sources} yet."
    level = f"{decibels(found.value)} dB"
    won = [difference(found.value, value) > 0 for _, value in opponents(found)]
    against = (" and " if len(set(won)) < 2 else ", but ").join(
        compared(found.value, value, name) for name, value in opponents(found)
    )
    if found.mixture is not None and not won[0]:
        return f"In this run it does not separate {sources}: its mean SI-SDR is {level}, {against}."
    verdict = f"It separates {sources}" if all(won) else f"It takes {sources} apart"
    return f"{verdict} with a mean SI-SDR of {level}{': ' if against else ''}{against}."


def reconstructed(measured: Mapping[str, Any]) -> str:
    """The same where there are no stems: what can be said, and what cannot."""
    ours, codec = (
        f"{measured[name]:.2f}" if name in measured else "–"
        for name in ("multiscale_stft", "codec_multiscale_stft")
    )
    return (
        "The data set has no stems of two sources or more, so this run cannot say how well the "
        "parts are separated, only how closely they make the mixture again: a multi-scale STFT "
        f"distance of {ours}, where the codec alone leaves {codec}."
    )


def signed(value: float) -> str:
    return ("+" if value > 0 else "") + decibels(value)


def headline(metrics: Mapping[str, Any]) -> list[Figure]:
    """The numbers of the first screen, all of them from metrics.json."""
    found = standing(metrics.get("separation", {}))
    if found is None:
        return []
    figures = [Figure(decibels(found.value), "dB", f"mean SI-SDR of {method(found.ours).label}")]
    if found.mixture is not None:
        figures.append(
            Figure(signed(difference(found.value, found.mixture)), "dB", "against the mixture")
        )
    if found.rival is not None:
        name = method(found.rival[0]).label
        figures.append(
            Figure(signed(difference(found.value, found.rival[1])), "dB", f"against {name}")
        )
    if found.bound is not None:
        name = method(found.bound[0]).label
        figures.append(Figure(decibels(found.bound[1]), "dB", f"{name}, an upper bound"))
    return figures

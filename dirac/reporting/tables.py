"""Scores as tables, bars and box plots."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dirac.reporting import charts
from dirac.reporting.charts import decibels
from dirac.reporting.inputs import finite

# method -> measure -> source or "mean" -> dB
Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]


@dataclass(frozen=True)
class Method:
    label: str
    kind: str  # "ours", "baseline" or "bound"


METHODS = {
    "refined": Method("DIRAC, refined", "ours"),
    "decoded": Method("DIRAC, as decoded", "ours"),
    "regressed": Method("DIRAC, expected", "ours"),
    "untrained": Method("The same, untrained", "baseline"),
    "mixture": Method("Mixture itself", "baseline"),
    "hpss": Method("HPSS", "baseline"),
    "nmf": Method("NMF", "baseline"),
    "repet_sim": Method("REPET-SIM", "baseline"),
    "fourier_2d": Method("2-D Fourier", "baseline"),
    "robust_pca": Method("Robust PCA", "baseline"),
    "codec": Method("Codec round trip", "bound"),
    "codec_oracle": Method("Oracle of the codec", "bound"),
    "codec_mask": Method("Its plain mask", "bound"),
    "oracle": Method("Oracle mask", "bound"),
}
MEASURES = {
    "si_sdr": "SI-SDR",
    "si_sdri": "SI-SDRi",
    "sdr": "SDR",
    "sir": "SIR",
    "isr": "ISR",
    "sar": "SAR",
}
BOX_MEASURES = ("si_sdr", "sdr", "sir", "sar")
RESYNTHESISED = frozenset({"decoded", "regressed", "codec"})
NO_RIVALS = {"mixture", "untrained"}  # they take nothing apart, so that they leave no artefacts
ASSIGNMENTS = {
    "separation": "One assignment for the whole set",
    "separation_best": "Best assignment per excerpt",
}


@dataclass(frozen=True)
class Cell:
    text: str
    best: bool
    interval: str  # empty where it is not known


@dataclass(frozen=True)
class ScoreRow:
    label: str
    kind: str
    cells: list[Cell]


def method(name: str) -> Method:
    """How a method is shown; one that this page does not know is shown by its own name."""
    return METHODS.get(name, Method(name, "baseline"))


def out_of_phase(codec: str) -> frozenset[str]:
    """Methods whose phase this codec makes up, which SI-SDR counts as error.

    Their scores are neither drawn nor packed beside those of the mixture's phase.
    """
    return RESYNTHESISED if codec == "spectrogram" else frozenset()


def in_order(names: Collection[str]) -> list[str]:
    known = [name for name in METHODS if name in names]
    return known + sorted(set(names) - set(known))


def of_methods(counts: Mapping[str, int]) -> str:
    """{"nmf": 2, "hpss": 0} -> "NMF 2": those that are not nought; "2 of each" if all are alike."""
    if len(counts) > 1 and len(set(counts.values())) == 1:
        number = next(iter(counts.values()))
        return f"{number} of each" if number else ""
    return ", ".join(
        f"{method(name).label} {counts[name]}" for name in in_order(counts) if counts[name]
    )


def sources_of(scores: Scores) -> list[str]:
    """The sources, in the order the evaluation wrote them."""
    measures = next(iter(scores.values()), {})
    return [name for name in measures.get("si_sdr", {}) if name != "mean"]


def value_of(scores: Scores, name: str, measure: str, source: str) -> float | None:
    return finite(scores.get(name, {}).get(measure, {}).get(source))


def interval_of(scores: Scores, name: str, measure: str, source: str) -> charts.Range | None:
    """The ends of an interval in dB, if it is known."""
    low, high = (value_of(scores, name, f"{measure}_{end}", source) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def between(interval: charts.Range | None) -> str:
    """(-1.25, 3) -> "−1.2 to 3.0"."""
    return "" if interval is None else f"{decibels(interval[0])} to {decibels(interval[1])}"


def best_shown(column: Mapping[str, float | None]) -> float | None:
    """The highest value of a method that takes something apart and is no upper bound."""
    rivals = (
        value
        for name, value in column.items()
        if method(name).kind != "bound" and name not in NO_RIVALS
    )
    return max((value for value in rivals if value is not None), default=None)


def score_rows(metrics: Mapping[str, Any], source: str) -> list[ScoreRow]:
    """A row per method: every measure with the fixed assignment, then with the best one."""
    names = in_order(metrics.get("separation", {}))
    shown = [(metrics.get(part, {}), measure) for part in ASSIGNMENTS for measure in MEASURES]
    columns = [
        {name: value_of(scores, name, measure, source) for name in names}
        for scores, measure in shown
    ]
    tops = [best_shown(column) for column in columns]
    return [
        ScoreRow(
            method(name).label,
            method(name).kind,
            [
                Cell(
                    decibels(column[name]),
                    name not in NO_RIVALS and is_best(column[name], top, method(name)),
                    between(interval_of(scores, name, measure, source)),
                )
                for column, top, (scores, measure) in zip(columns, tops, shown, strict=True)
            ],
        )
        for name in names
    ]


def is_best(value: float | None, top: float | None, shown: Method) -> bool:
    """As printed: two methods that read the same are both best."""
    return value is not None and shown.kind != "bound" and decibels(value) == decibels(top)


def means(scores: Scores) -> dict[str, float]:
    """Mean SI-SDR of every method that has one."""
    found = {name: value_of(scores, name, "si_sdr", "mean") for name in in_order(scores)}
    return {name: value for name, value in found.items() if value is not None}


def mean_bars(scores: Scores, hidden: Collection[str]) -> list[charts.Bar]:
    """hidden: methods that have no bar."""
    return charts.bars(
        [
            (
                method(name).label,
                method(name).kind,
                value,
                interval_of(scores, name, "si_sdr", "mean"),
            )
            for name, value in means(scores).items()
            if name not in hidden
        ]
    )


def box_plots(
    rows: Sequence[Mapping[str, str]], sources: Sequence[str], hidden: Collection[str]
) -> list[tuple[str, list[charts.BoxPlot]]]:
    """Per measure one plot per source, on one scale: the fixed assignment over the excerpts.

    hidden: methods that have no box of SI-SDR.
    """
    every = {row["method"] for row in rows}
    scores: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        for measure in BOX_MEASURES:
            value = finite(row[measure])
            endless = measure == "sar" and row["method"] == "mixture"  # museval says 100
            if row["assignment"] == "fixed" and value is not None and not endless:
                scores.setdefault((measure, row["source"], row["method"]), []).append(value)
    plots = []
    for measure in BOX_MEASURES:
        names = in_order(every.difference(hidden) if measure == "si_sdr" else every)
        inside = [scores.get((measure, source, name), []) for source in sources for name in names]
        limits = charts.box_limits(inside)
        plots.append(
            (
                MEASURES[measure],
                [
                    charts.box_plot(
                        source,
                        [
                            (method(n).label, method(n).kind, scores.get((measure, source, n), []))
                            for n in names
                        ],
                        limits,
                    )
                    for source in sources
                ],
            )
        )
    return plots

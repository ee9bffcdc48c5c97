"""Geometry of the charts in per cent of their frame: the template draws it, text keeps its size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    at: float  # per cent
    text: str


@dataclass(frozen=True)
class Bar:
    """One method's mean: a bar from zero to the value, and its interval if it is known."""

    label: str
    kind: str
    text: str
    start: float
    width: float
    interval: tuple[float, float] | None  # where it begins and how wide it is, per cent


@dataclass(frozen=True)
class Box:
    """Whiskers, quartiles and median of one method over the excerpts, per cent; None: no score."""

    label: str
    kind: str
    text: str
    places: tuple[float, float, float, float, float] | None


@dataclass(frozen=True)
class BoxPlot:
    title: str
    boxes: list[Box]
    ticks: list[Tick]
    zero: float


@dataclass(frozen=True)
class LossCurve:
    """SVG paths on a square of 100 x 100, y downwards; losses on a logarithmic axis."""

    title: str
    text: str
    training: str
    validation: str
    steps: list[Tick]
    losses: list[Tick]


def place(value: float, limits: Range) -> float:
    """Where a value stands between the limits, in per cent."""
    low, high = limits
    return round(100 * (value - low) / (high - low), 3)


def ticks(limits: Range, n_wanted: int) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) within the limits, about n_wanted of them."""
    rough = (limits[1] - limits[0]) / n_wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(limits[0] / step), math.floor(limits[1] / step)
    return [index * step for index in range(first, last + 1)]


def decades(limits: Range) -> list[float]:
    """1, 2 and 5 times powers of ten within the limits of a logarithmic axis."""
    powers = range(math.floor(math.log10(limits[0])), math.ceil(math.log10(limits[1])) + 1)
    candidates = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    return [value for value in candidates if limits[0] <= value <= limits[1]]


def number(value: float) -> str:
    """Short, with a true minus sign: 1500 -> "1500", -0.5 -> "−0.5"."""
    return f"{value:.6g}".replace("-", "−")


def decibels(value: float | None, digits: int = 1) -> str:
    """A true minus sign, none before a zero; a dash where there is no number."""
    return "–" if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def axis(limits: Range, n_wanted: int) -> list[Tick]:
    return [Tick(place(value, limits), number(value)) for value in ticks(limits, n_wanted)]


def bars(rows: Sequence[tuple[str, str, float, Range | None]]) -> list[Bar]:
    """Bars of (label, kind, value, interval) on one common scale that contains zero."""
    values = [end for _, _, value, between in rows for end in (value, *(between or ()))]
    low, high = min([0.0, *values]), max([0.0, *values])
    limits = (low, high if low < high else 1.0)
    return [
        Bar(
            label,
            kind,
            decibels(value),
            place(min(0.0, value), limits),
            place(low + abs(value), limits),
            between and (place(between[0], limits), place(low + between[1] - between[0], limits)),
        )
        for label, kind, value, between in rows
    ]


def five_numbers(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    """Lower whisker, quartiles with the median, upper whisker (Tukey: furthest within 1.5 IQR)."""
    array = np.asarray(values, dtype=np.float64)
    lower, median, upper = (float(q) for q in np.percentile(array, [25, 50, 75]))
    reach = 1.5 * (upper - lower)
    inside = array[(array >= lower - reach) & (array <= upper + reach)]
    return float(inside.min()), lower, median, upper, float(inside.max())


def box_limits(groups: Sequence[Sequence[float]]) -> Range:
    """Limits that hold zero and every whisker, with a little air."""
    numbers = [five_numbers(group) for group in groups if len(group)]
    low = min([0.0, *(five[0] for five in numbers)])
    high = max([0.0, *(five[4] for five in numbers)])
    air = 0.03 * (high - low) or 1.0
    return low - air, high + air


def box_plot(
    title: str, groups: Sequence[tuple[str, str, Sequence[float]]], limits: Range
) -> BoxPlot:
    """One box per (label, kind, values)."""
    boxes = []
    for label, kind, values in groups:
        if not len(values):
            boxes.append(Box(label, kind, f"{label}: no score", None))
            continue
        low, lower, median, upper, high = five_numbers(values)
        quartiles = f"quartiles {decibels(lower)} to {decibels(upper)}"
        text = f"{label}: median {decibels(median)} dB, {quartiles}"
        places = (
            place(low, limits),
            place(lower, limits),
            place(median, limits),
            place(upper, limits),
            place(high, limits),
        )
        boxes.append(Box(label, kind, text, places))
    return BoxPlot(title, boxes, axis(limits, 5), place(0.0, limits))


def thinned(points: Sequence[tuple[float, float]], n_most: int) -> list[tuple[float, float]]:
    """At most n_most points, each the mean of its neighbours: noise goes, the course stays."""
    groups = np.array_split(np.asarray(points, dtype=np.float64), min(n_most, len(points)))
    return [(float(step), float(loss)) for step, loss in (group.mean(axis=0) for group in groups)]


def path(points: Sequence[tuple[float, float]], steps: Range, losses: Range) -> str:
    """SVG path of (step, loss) pairs; x linear, y logarithmic."""
    logs = (math.log10(losses[0]), math.log10(losses[1]))
    places = [
        f"{place(step, steps):.2f} {100 - place(math.log10(loss), logs):.2f}"
        for step, loss in points
    ]
    return "M" + "L".join(places) if places else ""


def loss_curve(
    title: str,
    training: Sequence[tuple[float, float]],
    validation: Sequence[tuple[float, float]],
    n_points: int,
) -> LossCurve:
    """Both curves of (step, loss), losses > 0 and at least one training point."""
    course = thinned(training, n_points)
    values = [loss for _, loss in (*course, *validation)]
    steps = (0.0, max(step for step, _ in (*training, *validation)) or 1.0)
    losses = (min(values) / 1.1, max(values) * 1.1)
    logs = (math.log10(losses[0]), math.log10(losses[1]))
    text = f"{title}: training loss {course[0][1]:.3g} to {course[-1][1]:.3g}"
    if validation:
        text += f", validation loss {validation[-1][1]:.3g} at the end"
    marks = decades(losses) if len(decades(losses)) > 2 else ticks(losses, 6)
    return LossCurve(
        title,
        text,
        path(course, steps, losses),
        path(validation, steps, losses),
        axis(steps, 4),
        [Tick(100 - place(math.log10(value), logs), number(value)) for value in marks],
    )

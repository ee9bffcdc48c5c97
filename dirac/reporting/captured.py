"""What each part captured: its sources in figures, and its average spectrum as a small drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dirac.reporting.charts import Range, Tick, decibels, place
from dirac.reporting.inputs import ReportError, finite, read_json

FLOOR_DB = -60.0  # the drawings end there
MARKS = (50, 200, 1000, 5000)  # Hz


@dataclass(frozen=True)
class Part:
    """figures: per source its share of the part's energy in per cent and the part's SI-SDR in dB.

    curve: SVG path of the part's spectrum on 100 x 100, y downwards.
    """

    name: str
    figures: list[tuple[str, str]]
    curve: str
    text: str


@dataclass(frozen=True)
class Captured:
    sources: list[str]
    parts: list[Part]
    references: list[tuple[str, str]]  # name and curve of each true source
    marks: list[Tick]


def read_captured(path: Path) -> Captured:
    """Raises ReportError, naming the file, if it is missing or not as evaluate writes it."""
    content = read_json(path)
    try:
        bands, sources = content["bands"], list(content["sources"])
        marks = [Tick(_mark(bands, hertz), f"{hertz}") for hertz in MARKS if hertz < bands[-1]]
        return Captured(
            sources,
            [_part(n, part, sources) for n, part in enumerate(content["parts"], 1)],
            [(name, curve(spectrum)) for name, spectrum in content["sources"].items()],
            marks,
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ReportError(f"{path} lacks {error}: run the evaluate stage again.") from error


def curve(spectrum: Sequence[float]) -> str:
    """SVG path of levels in dB (0 the loudest) of bands side by side."""
    limits: Range = (FLOOR_DB, 0.0)
    last = max(len(spectrum) - 1, 1)
    points = [
        f"{100 * n / last:.2f} {100 - place(max(level, FLOOR_DB), limits):.2f}"
        for n, level in enumerate(spectrum)
    ]
    return "M" + "L".join(points)


def _part(number: int, part: Mapping[str, Any], sources: Sequence[str]) -> Part:
    figures = [
        (_per_cent(part["share"][source]), decibels(finite(part["si_sdr"][source])))
        for source in sources
    ]
    shares = [f"{share} of it {s}" for s, (share, _) in zip(sources, figures, strict=True)]
    name = f"Part {number}"
    told = ", ".join(shares) if len(sources) > 1 else "its average spectrum"
    return Part(name, figures, curve(part["spectrum"]), f"{name}: {told}")


def _per_cent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _mark(bands: Sequence[float], hertz: float) -> float:
    """Where a frequency stands, in per cent: bands are thirds of octaves from the first one on."""
    below = max(n for n, edge in enumerate(bands) if edge <= hertz or n == 0)
    return round(100 * below / max(len(bands) - 1, 1), 2)

"""The tables of docs/codecs.md, between two lines of it that mark their place."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dirac.evaluation.codec_limits import Figures

BEGIN, END = "<!-- tables: python benchmarks/codec_limits.py -->", "<!-- end of the tables -->"
LINEARITY = ("mean of latents", "mean of stems")


def write_tables(path: Path, figures: Mapping[str, Figures]) -> None:
    """Puts the tables into the file, in the place of those that it has; without one, makes it."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{path} has no lines {BEGIN} and {END}, between which the tables go")
    tables = "\n\n".join(make_tables(figures))
    path.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}", encoding="utf-8")


def make_tables(figures: Mapping[str, Figures]) -> list[str]:
    """Losses, linearity, cost, and what is not at hand; in Markdown."""
    known = {name: row for name, row in figures.items() if "losses" in row}
    ways = list(next(iter(known.values()))["losses"]) if known else []
    through = [way for way in ways if way not in LINEARITY]
    tables = [
        table(["round trip", *through], known, lambda row: [loss(row, way) for way in through]),
        table(["linearity", "mixture", *LINEARITY, "latents, dB"], known, linearity),
        table(
            [
                "cost",
                "parameters",
                "numbers a second",
                "MB an hour",
                "encodes, × real time",
                "decodes",
                "GB at the peak",
            ],
            figures,
            cost,
        ),
    ]
    missing = [f"`{name}`: weights not at hand." for name in figures if name not in known]
    return tables + missing


def table(
    head: Sequence[str],
    figures: Mapping[str, Figures],
    cells: Callable[[Figures], list[str]],
) -> str:
    rows = [list(head), ["---"] * len(head)]
    rows += [[f"`{name}`", *cells(row)] for name, row in figures.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def loss(row: Figures, way: str) -> str:
    """SI-SDR in dB, and the multi-scale STFT distance."""
    found = row["losses"][way]
    if found["si_sdr"] is None:
        return "–"
    return f"{found['si_sdr']:.1f} / {found['multiscale_stft']:.2f}".replace("-", "−")


def linearity(row: Figures) -> list[str]:
    latents = row["losses"]["mean of latents"].get("latents_db")
    ways = [loss(row, way) for way in ("mixture", *LINEARITY)]
    return [*ways, "–" if latents is None else f"{latents:.1f}"]


def cost(row: Figures) -> list[str]:
    size, speed = row["size"], row["speed"]
    return [
        f"{size['n_parameters'] / 1e6:.2f} M",
        f"{size['numbers_per_second']:.0f}",
        f"{size['bytes_per_hour'] / 1e6:.0f}",
        f"{speed['encode']:.0f}",
        f"{speed['decode']:.0f}",
        f"{row['memory']['bytes'] / 1e9:.2f}",
    ]

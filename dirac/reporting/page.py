"""The report: one HTML file that carries its pictures, sounds, styles and script with it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dirac.reporting import charts, findings, study, tables
from dirac.reporting.captured import read_captured
from dirac.reporting.clips import AudioLibrary, Section, read_sections
from dirac.reporting.generation import read_new_music
from dirac.reporting.inputs import ReportError, ReportFiles, read_json, read_losses, read_rows

SIZE_MARK = "@size@"  # the page says how large it is once it has been written
N_CURVE_POINTS = 240

SECTIONS = {  # what evaluate leaves to listen to, and what the page says where it did not
    "excerpts": "No test excerpts were rendered in this run.",
    "extremes": "No worst and best excerpts were rendered in this run.",
    "recompositions": "No pairs were recomposed in this run.",
    "generation": "Nothing was generated to listen to in this run.",
}
LEFT_OUT = {  # counts of metrics.json by method
    "n_missed_sources": "Sources left without a part",
    "n_undefined_frames": "Windows in which BSS Eval is undefined, left out",
}
MEASURED = {
    "latent_mse": "Latents, mean squared error",
    "multiscale_stft": "Waveform, multi-scale STFT distance",
    "codec_multiscale_stft": "The codec alone, multi-scale STFT distance",
}


@dataclass(frozen=True)
class Training:
    """One model: its loss curve and card, None where the file is missing."""

    title: str
    curve: charts.LossCurve | None
    card: str | None


def last_round(params: Mapping[str, Any]) -> str:
    """What the losses of the decomposition are of: earlier rounds leave none."""
    train = params.get("train", {})
    n_later = train.get("n_rounds", 1) - 1
    n_before = train.get("n_first_steps", 0) + n_later * train.get("n_steps", 0)
    return f"Decomposition, last round, after {n_before} steps" if n_before else "Decomposition"


def read_training(title: str, folder: Path) -> Training:
    names = ("history.csv", "validation.csv", "card.json")
    history, validation, card = (folder / name for name in names)
    course = read_losses(history) if history.exists() else []
    checks = read_losses(validation) if validation.exists() else []
    curve = charts.loss_curve(title, course, checks, N_CURVE_POINTS) if course else None
    text = json.dumps(read_json(card), indent=2, ensure_ascii=False) if card.exists() else None
    return Training(title, curve, text)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """{"model": {"n": 2}} -> {"model.n": "2"}, as `dvc exp run -S` writes the keys."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False).strip('"')
    return found


def grouped(params: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The sections of params.yaml, each flat; what belongs to none comes first."""
    sections = {name: value for name, value in params.items() if isinstance(value, Mapping)}
    general = {name: value for name, value in params.items() if name not in sections}
    return {"general": flat(general), **{name: flat(value) for name, value in sections.items()}}


def in_words(count: int) -> str:
    """Small numbers as prose writes them."""
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count - 1] if 1 <= count <= len(words) else str(count)


def in_per_cent(params: Mapping[str, Any]) -> str:
    """How sure the intervals are, "95 %"; empty if the run has none."""
    level = params.get("evaluate", {}).get("bootstrap", {}).get("level")
    return f"{100 * level:g}\N{NO-BREAK SPACE}%" if level else ""


def measured(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of every number of metrics.json's reconstruction."""
    return [
        (MEASURED.get(name, name.replace("_", " ")), charts.number(float(f"{value:.4g}")))
        for name, value in values.items()
        if isinstance(value, int | float)
    ]


def listening(
    files: ReportFiles, metrics: Any, n_parts: int, mp3_kbps: float, library: AudioLibrary
) -> list[Section]:
    """The sections that are there, and an empty one with a word for each that is not."""
    sources = tables.sources_of(metrics["separation"])
    sources = sources or [f"part {n + 1}" for n in range(n_parts)]
    found = {s.id: s for s in read_sections(files.listening, sources, mp3_kbps, library)}
    for name, text in SECTIONS.items():
        if name not in found or not found[name].rows:
            found[name] = Section(name, name.capitalize(), text, [])
    return sorted(found.values(), key=lambda section: (*SECTIONS, section.id).index(section.id))


def score_tables(metrics: Any) -> list[tuple[str, list[tables.ScoreRow]]]:
    sources = tables.sources_of(metrics["separation"])
    return [(name, tables.score_rows(metrics, name)) for name in ("mean", *sources)]


def learnt(metrics: Any) -> str:
    """The one sentence of the page; no source has scores where the data set has no stems."""
    if tables.sources_of(metrics["separation"]):
        return findings.learnt(metrics["separation"])
    return findings.reconstructed(metrics.get("reconstruction", {}))


def box_plots(
    scores_table: Path, sources: Sequence[str], hidden: Collection[str]
) -> list[tuple[str, list[charts.BoxPlot]]]:
    rows = read_rows(scores_table, ("method", "assignment", "source", *tables.BOX_MEASURES))
    return tables.box_plots(rows, sources, hidden)


def contents(
    files: ReportFiles, params: Mapping[str, Any], versions: Mapping[str, str], mp3_kbps: float
) -> dict[str, Any]:
    """Everything the template shows."""
    metrics = read_json(files.metrics)
    if not isinstance(metrics, dict) or "separation" not in metrics:
        raise ReportError(f"{files.metrics} has no separation scores: run evaluate again.")
    library = AudioLibrary()
    sources = tables.sources_of(metrics["separation"])
    captured = read_captured(files.captured)
    run = flat(params)
    out_of_phase = tables.out_of_phase(run.get("codec.name", ""))
    return {
        "learnt": learnt(metrics),
        "headline": findings.headline(metrics),
        "bars": tables.mean_bars(metrics["separation"], out_of_phase),
        "out_of_phase": out_of_phase,
        "sources": sources,
        "sections": listening(files, metrics, len(captured.parts), mp3_kbps, library),
        "audio": library.clips,
        "measures": list(tables.MEASURES.values()),
        "assignments": list(tables.ASSIGNMENTS.values()),
        "score_tables": score_tables(metrics) if sources else [],
        "box_plots": box_plots(files.scores_table, sources, out_of_phase) if sources else [],
        "captured": captured,
        "study": study.read_study(files.study),
        "study_columns": study.COLUMNS,
        "intervals": in_per_cent(params),
        "saw_stems": read_json(files.decomposition / "card.json").get("saw_stems", False),
        "counts": metrics.get("counts", {}),
        "left_out": [
            (text, tables.of_methods(metrics.get("counts", {}).get(name, {})))
            for name, text in LEFT_OUT.items()
        ],
        "reconstruction": measured(metrics.get("reconstruction", {})),
        "new_music": read_new_music(metrics.get("generation", {})),
        "trainings": [
            read_training(last_round(params), files.decomposition),
            read_training("Prior", files.prior),
        ],
        "n_latents": in_words(params["model"]["n_latents"]),
        "params": grouped(params),
        "run": run,
        "versions": versions,
    }


def render(
    files: ReportFiles, params: Mapping[str, Any], versions: Mapping[str, str], mp3_kbps: float
) -> str:
    """The page as HTML: the same files give the same bytes.

    params: all of params.yaml; versions: package -> version, as they are to be shown.
    Raises ReportError, naming the file, for one that is missing or not as expected.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("template.html")
    html = template.render(contents(files, params, versions, mp3_kbps), size_mark=SIZE_MARK)
    return html.replace(SIZE_MARK, f"{len(html.encode()) / 1e6:.1f} MB")

"""Stage 8: the report. On one self-contained page what was learnt, to listen to and to cite."""

import argparse
import platform
from importlib.metadata import version
from pathlib import Path

from dirac.command import behave_as_command
from dirac.params import load_params
from dirac.reporting.inputs import ReportFiles
from dirac.reporting.page import render
from dirac.scratch import project_root, publish
from dirac.training.tracking import track

PACKAGES = ["dirac", "torch", "torchaudio", "encodec", "museval", "lmdb", "numpy", "dvc", "mlflow"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores-table", type=Path, required=True)
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--listening", type=Path, required=True)
    parser.add_argument("--decomposition", type=Path, required=True)
    parser.add_argument("--prior", type=Path, required=True)
    parser.add_argument("--captured", type=Path, required=True)
    parser.add_argument("--study", type=Path, help="runs of several seeds; may be missing")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    params = load_params()
    files = ReportFiles(
        scores_table=arguments.scores_table,
        metrics=arguments.metrics,
        listening=arguments.listening,
        decomposition=arguments.decomposition,
        prior=arguments.prior,
        captured=arguments.captured,
        study=arguments.study,
    )
    versions = {"python": platform.python_version(), "codec": params.codec.name}
    versions |= {package: version(package) for package in PACKAGES}
    page = render(files, params.model_dump(mode="json"), versions, params.report.mp3_kbps)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    written = arguments.output.with_name(f".{arguments.output.name}")
    written.write_text(page, encoding="utf-8")
    publish(written, arguments.output)
    with track("render_report", params.model_dump(mode="json"), project_root()) as tracker:
        tracker.exhibit(arguments.output)


if __name__ == "__main__":
    behave_as_command()
    main()

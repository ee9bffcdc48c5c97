import base64
import json
import re
import shutil
from html.parser import HTMLParser
from typing import Any

import pytest

from dirac.reporting.inputs import ReportError, ReportFiles
from dirac.reporting.page import flat, grouped, in_words, render
from dirac.reporting.study import COLUMNS

PARAMS: dict[str, Any] = {
    "seed": 0,
    "data": {"name": "synthetic"},
    "codec": {"name": "spectrogram"},
    "model": {"n_latents": 2},
    "evaluate": {
        "window_seconds": 3.5,
        "hop_seconds": 1.5,
        "bootstrap": {"n_resamples": 2000, "level": 0.95},
    },
}
VERSIONS = {"python": "3.11", "dirac": "0.1.0"}
VOID = {"meta", "link", "img", "br", "input", "hr"}
LOADING = {"src", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """Elements of a page; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, wanted: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == wanted]


def rendered(files: ReportFiles) -> str:
    return render(files, PARAMS, VERSIONS, 64)


@pytest.fixture(scope="module")
def html(run_of_six: ReportFiles) -> str:
    return rendered(run_of_six)


def test_page_nests_and_its_ids_are_unique(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [str(link["href"])[1:] for link in page.all("a") if str(link["href"])[0] == "#"]
    assert set(targets) <= set(ids)


def test_pictures_and_drawings_are_described(html: str) -> None:
    page = Page(html)
    assert len(page.all("img")) == 6 * 8 + 3 + 2
    assert all(image["alt"] for image in page.all("img"))
    assert all(drawing["aria-label"] for drawing in page.all("svg"))


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    page = Page(html)
    for tag, attributes in page.elements:
        for name in LOADING & set(attributes):
            assert str(attributes[name]).startswith("data:"), (tag, name)
    assert all(str(link["href"]).startswith("data:") for link in page.all("link"))
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", html)


def test_every_clip_has_its_sound(html: str) -> None:
    page = Page(html)
    clips = [button for button in page.all("button") if button["class"] == "clip"]
    sounds = dict(re.findall(r'<script type="text/plain" id="([\w-]+)">([^<]+)</script>', html))
    assert {clip["data-audio"] for clip in clips} == set(sounds)
    assert all(base64.b64decode(sound)[0] in (0xFF, ord("I")) for sound in sounds.values())
    assert all(str(clip["aria-label"]).startswith("Play ") for clip in clips)


def test_the_same_files_give_the_same_bytes_and_the_size_is_true(run: ReportFiles) -> None:
    html = rendered(run)
    assert html == rendered(run)
    assert f"One file of {len(html.encode()) / 1e6:.1f} MB" in html


def test_numbers_and_params_come_from_the_files(run: ReportFiles) -> None:
    metrics = json.loads(run.metrics.read_text())
    metrics["separation"]["refined"]["si_sdr"]["mean"] = 3.7
    run.metrics.write_text(json.dumps(metrics))
    html = rendered(run)
    assert "but 0.3 dB below HPSS" in html
    assert "as two components" in html
    assert "drums in 1, bass in 0." in html
    assert "Sources left without a part: NMF 2." in html
    assert "BSS Eval is undefined" not in html
    assert "windows of 3.5 s every 1.5 s" in html


def test_intervals_stand_below_figures_and_beside_bars(html: str) -> None:
    assert "<small>6.8 to 9.5</small>" in html
    assert "95\N{NO-BREAK SPACE}% of 2000 draws" in html
    assert html.count("<s style=") == 5  # of what is no resynthesis


def test_what_parts_captured_is_drawn(html: str) -> None:
    assert "Part 1: 90 % of it drums, 5 % of it bass" in html
    assert "<td>90 %</td><td>8.0</td>" in html


def test_without_a_study_the_page_says_how_to_make_one(run: ReportFiles) -> None:
    assert "No study over several seeds was found" in rendered(run)
    assert run.study is not None
    run.study.parent.mkdir()
    one = {"setting": "default", "seed": 0, "sources": ["drums", "bass"], "train_cpu_seconds": 90}
    one |= {"si_sdr": {"mean": 7.77}, "baselines": {"nmf": 1.0}, "oracle": 12.0}
    one |= {"versions": {"revision": None}, "n_songs": 300}
    run.study.write_text(json.dumps([one]))
    html = rendered(run)
    row = '<th scope="row">default</th><td>drums, bass</td><td>300</td><td>1</td><td>7.8</td>'
    assert row in html
    (note,) = re.findall("Mean SI-SDR of the refined parts.*", html)
    assert all(name in note.lower() for name in COLUMNS if "oracle" in name or "mask" in name)
    Page(html)


def test_a_codec_that_keeps_phases_has_all_in_the_picture(run: ReportFiles, html: str) -> None:
    other = render(run, PARAMS | {"codec": {"name": "encodec_mini"}}, VERSIONS, 64)
    assert other.count("<s style=") == 7
    assert "Griffin-Lim" in html
    assert "Griffin-Lim" not in other
    assert "Resynthesised" not in other


def test_clap_is_told_of_where_it_heard(run: ReportFiles, html: str) -> None:
    assert "CLAP" not in html
    metrics = json.loads(run.metrics.read_text())
    metrics["generation"]["clap_generated"] = 0.5
    run.metrics.write_text(json.dumps(metrics))
    assert "By CLAP" in rendered(run)


def test_a_model_that_saw_stems_is_called_so(run: ReportFiles) -> None:
    card = run.decomposition / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"saw_stems": True}))
    html = rendered(run)
    assert "it was trained on true stems" in html
    assert "without stems or labels" not in html
    assert "never heard the parts" not in html


def test_losses_of_a_last_round_say_so(run: ReportFiles, html: str) -> None:
    train = {"n_first_steps": 600, "n_steps": 100, "n_rounds": 3}
    html_of_four = render(run, PARAMS | {"train": train}, VERSIONS, 64)
    assert "Decomposition, last round, after 800 steps" in html_of_four
    assert "last round" not in html


def test_text_of_others_is_escaped(run: ReportFiles) -> None:
    index = run.listening / "index.json"
    listed = json.loads(index.read_text())
    listed["sections"][0]["rows"][0]["title"] = '<b onclick="x">&'
    index.write_text(json.dumps(listed))
    html = rendered(run)
    assert "<b onclick" not in html
    Page(html)


def test_distances_of_what_none_can_hear_are_no_contradiction(run: ReportFiles) -> None:
    index = run.listening / "index.json"
    listed = json.loads(index.read_text())
    listed["sections"] = [s for s in listed["sections"] if s["id"] != "generation"]
    index.write_text(json.dumps(listed))
    html = rendered(run)
    assert "Nothing was generated to listen to in this run" in html
    assert "Songs from the prior lie 12.3 from the test set" in html
    Page(html)


def test_a_run_without_prior_says_so(run: ReportFiles) -> None:
    shutil.rmtree(run.prior)
    html = rendered(run)
    assert "No history of its training was found in this run" in html
    Page(html)


@pytest.mark.parametrize(
    "name", ["metrics", "scores_table", "listening", "decomposition", "captured"]
)
def test_a_missing_file_is_one_clear_error(run: ReportFiles, name: str) -> None:
    path = getattr(run, name)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ReportError, match="is missing, and the report needs it"):
        rendered(run)


def test_metrics_without_scores_are_refused(run: ReportFiles) -> None:
    run.metrics.write_text("{}")
    with pytest.raises(ReportError, match="no separation scores"):
        rendered(run)


def test_params_are_named_as_the_command_line_names_them() -> None:
    values = {"seed": 0, "model": {"n_latents": 2, "encoder": {"channels": [1, 2]}}, "root": None}
    assert flat(values) == {
        "seed": "0",
        "model.n_latents": "2",
        "model.encoder.channels": "[1, 2]",
        "root": "null",
    }


def test_params_without_a_section_come_first() -> None:
    values = {"data": {"name": "x"}, "seed": 0}
    assert grouped(values) == {"general": {"seed": "0"}, "data": {"name": "x"}}


def test_small_counts_are_words() -> None:
    assert [in_words(count) for count in (1, 8, 12)] == ["one", "eight", "12"]


@pytest.mark.parametrize(("n_shifts", "said"), [(1, "as in the paper."), (8, "over 8 shifts of")])
def test_it_says_how_often_parts_were_decoded(
    run_of_six: ReportFiles, n_shifts: int, said: str
) -> None:
    evaluated = PARAMS["evaluate"] | {"n_shifts": n_shifts}
    page = render(run_of_six, PARAMS | {"evaluate": evaluated}, VERSIONS, 64)
    (about,) = re.findall(r"As decoded: (.*?)\n", page)
    assert said in about

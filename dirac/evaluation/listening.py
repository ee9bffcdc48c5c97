"""What one can listen to: flac files and the index.json that the report reads.

{"sections": [{"id", "title", "text", "rows": [{"title", "text", "clips":
    [{"label", "file": relative to the folder, "scores": {"si_sdr": dB} | null}, ...]}]}]}
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from dirac.audio.files import write_audio
from dirac.evaluation.ours import PARTS, Ours
from dirac.evaluation.scores import Document
from dirac.evaluation.signals import Signal
from dirac.evaluation.songs import RENDERING, Songs
from dirac.kept import keep
from dirac.separation.generate import Generator
from dirac.separation.recompose import recompose

Clip = dict[str, Any]
Section = dict[str, Any]
Make = Callable[[], Tensor]  # components of a song, or of what is made of songs


@dataclass
class Listening:
    """Writes the clips of an evaluation into `folder`, which is then complete with its index.

    documents: the scores of all methods; none where there are no stems. n_examples: test excerpts;
    n_extremes: of the worst and of the best; n_songs: pairs to recompose, and samples of the prior.
    """

    folder: Path
    ours: Ours
    documents: Sequence[Document]
    n_examples: int
    n_extremes: int
    n_songs: int
    targets: Mapping[tuple[str, str], list[Document]] = field(init=False)

    def __post_init__(self) -> None:
        self.targets = {(d["method"], d["excerpt"]): d["targets"] for d in self.documents}

    def write(self, songs: Songs, n_frames: int) -> None:
        """n_frames: of the songs that are generated."""
        sections = [
            self.excerpts(),
            self.extremes(),
            self.recompositions(),
            self.generation(songs, n_frames),
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"sections": sections}, indent=1, ensure_ascii=False) + "\n"
        (self.folder / "index.json").write_text(text, encoding="utf-8")

    def excerpts(self) -> Section:
        """Mixture, reconstruction, the parts by the source they were assigned to, true stems."""
        named = (
            "Parts are named by the source to which the one fixed assignment of the whole test "
            "set gives them; true stems are at their level in the mixture."
        )
        return _section(
            "excerpts",
            "Test excerpts",
            "Songs that were never seen. "
            + (named if self.documents else "Of these there are no true stems to compare with."),
            [
                _row(excerpt, "", self._excerpt(excerpt))
                for excerpt in self.ours.spread(self.n_examples)
            ],
        )

    def extremes(self) -> Section:
        """The excerpts that came out worst, then those that came out best, by mean SI-SDR."""
        ranked = self._ranked()
        n = min(self.n_extremes, len(ranked) // 2)
        worst, best = list(ranked.items())[:n], list(ranked.items())[::-1][:n]
        return _section(
            "extremes",
            "Where it fails, and where it works",
            f"The {n} excerpts of the test set with the lowest mean SI-SDR, then the {n} with the "
            "highest.",
            [
                _row(f"{title} {number}: {excerpt}", f"{decibels:.1f} dB", self._excerpt(excerpt))
                for title, found in (("Worst", worst), ("Best", best))
                for number, (excerpt, decibels) in enumerate(found, 1)
            ],
        )

    def recompositions(self) -> Section:
        """The first component of one excerpt with the others of the next."""
        excerpts = self.ours.spread(2 * self.n_songs)
        first, *others = self._names()
        rows = []
        for index, (a, b) in enumerate(zip(excerpts[::2], excerpts[1::2], strict=False)):

            def swap(a: str = a, b: str = b) -> Tensor:
                songs = [self.ours.components(a), self.ours.components(b)]
                return recompose(songs, [(0, 0), *((1, k + 1) for k in range(len(others)))])

            at = f"recompositions/{index:02d}"
            label = f"A's {first} with B's {' and '.join(others)}" if others else f"A's {first}"
            clips = [
                self._clip("A", f"{at}/a.flac", self.ours.mixture(a)),
                self._clip("B", f"{at}/b.flac", self.ours.mixture(b)),
                self._clip(label, f"{at}/a-with-b.flac", self._sung(at, index, swap)),
            ]
            rows.append(_row(f"Pair {index + 1}", f"A: {a}, B: {b}", clips))
        text = "Components of two songs, swapped, and rendered anew."
        return _section("recompositions", "Recompositions", text, rows)

    def generation(self, songs: Songs, n_frames: int) -> Section:
        """Of the prior: from nothing, and given one component. Of a plain latent diffusion."""
        numbers, names = range(self.n_songs), self._names()
        rows = [
            _row("Everything generated", "", [self._sampled(songs, n_frames, n) for n in numbers]),
            _row(
                "For comparison, a plain latent diffusion",
                "As many parameters and training steps, no components.",
                [self._diffused(songs, n_frames, n) for n in numbers],
            ),
        ]
        given = self.ours.spread(self.n_songs) if len(names) > 1 else []
        for index, excerpt in enumerate(given):
            rows.append(self._accompanied(songs.prior, excerpt, index, index % len(names)))
        text = "The prior makes components from noise; the decomposition renders them."
        return _section("generation", "Samples of the prior", text, rows if numbers else [])

    def _sampled(self, songs: Songs, n_frames: int, index: int) -> Clip:
        at = f"generation/sample-{index:02d}"
        song = self._sung(at, index, lambda: songs.components(n_frames, index))
        return self._clip(f"sample {index + 1}", f"{at}.flac", song)

    def _diffused(self, songs: Songs, n_frames: int, index: int) -> Clip:
        at, codec = f"generation/plain-{index:02d}", self.ours.separator.codec
        path = self.ours.signals.folder / "sung" / f"{at}.npy"
        song = keep(path, lambda: codec.decode(songs.diffused(n_frames, index))[0])
        return self._clip(f"plain sample {index + 1}", f"{at}.flac", song)

    def _accompanied(self, generator: Generator, excerpt: str, index: int, kept: int) -> Clip:
        """The excerpt with one component kept and new partners for it."""
        name, at = self._names()[kept], f"generation/kept-{index:02d}"

        def vary() -> Tensor:
            return generator.vary(self.ours.components(excerpt), (kept,), self.ours.seed + index)

        part = self.ours.signals.load_parts("decoded", excerpt)[kept]
        clips = [
            self._clip("the song", f"{at}/song.flac", self.ours.mixture(excerpt)),
            self._clip(f"kept: {name}", f"{at}/kept.flac", part),
            self._clip("with new partners", f"{at}/new.flac", self._sung(at, index, vary)),
        ]
        return _row(f"{name.capitalize()} kept, the rest generated", excerpt, clips)

    def _excerpt(self, excerpt: str) -> list[Clip]:
        ours, at = self.ours, f"excerpts/{excerpt}"
        clips = [
            self._clip("mixture", f"{at}/mixture.flac", ours.mixture(excerpt)),
            self._clip("reconstruction", f"{at}/reconstruction.flac", ours.reconstruction(excerpt)),
        ]
        if not self.documents:
            return clips + self._all_parts(excerpt, at)
        references = ours.signals.load_references(excerpt)
        for source, reference in enumerate(references):
            name = self.targets["refined", excerpt][source]["name"]
            for method in PARTS:
                clips += self._parts(excerpt, method, source, f"{at}/{name}-{method}")
            clips.append(self._clip(f"{name}, true", f"{at}/{name}-true.flac", reference))
        return clips

    def _parts(self, excerpt: str, method: str, source: int, file: str) -> list[Clip]:
        """A clip of each part that was assigned to a source; a score is that of their sum.

        Part n of both methods renders component n, so that both follow the assignment of the
        refined ones: Griffin-Lim's phase makes SI-SDR a poor judge of decoded ones.
        """
        target = self.targets["refined", excerpt][source]
        own = self.targets[method, excerpt][source]
        parts = self.ours.signals.load_parts(method, excerpt)
        alone = len(target["parts"]) == 1
        scored = alone and own["parts"] == target["parts"] and own["si_sdr"] is not None
        score = {"si_sdr": own["si_sdr"]} if scored else None
        return [
            self._clip(
                f"{target['name']}, {method}" + ("" if alone else f", part {part + 1}"),
                f"{file}.flac" if alone else f"{file}-{part + 1}.flac",
                parts[part],
                score,
            )
            for part in target["parts"]
        ]

    def _all_parts(self, excerpt: str, at: str) -> list[Clip]:
        """Where no source is known: of each part what both methods make."""
        made = {method: self.ours.signals.load_parts(method, excerpt) for method in PARTS}
        return [
            self._clip(f"{name}, {method}", f"{at}/part-{n + 1}-{method}.flac", made[method][n])
            for n, name in enumerate(self._names())
            for method in PARTS
        ]

    def _sung(self, name: str, index: int, make: Make) -> Tensor:
        seed = RENDERING + self.ours.seed + index
        path = self.ours.signals.folder / "sung" / f"{name}.npy"
        return keep(path, lambda: self.ours.separator.sing(make(), seed))

    def _clip(
        self, label: str, file: str, waveform: Tensor | Signal, scores: Clip | None = None
    ) -> Clip:
        write_audio(self.folder / file, waveform, self.ours.separator.codec.sample_rate)
        return {"label": label, "file": file, "scores": scores}

    def _ranked(self) -> dict[str, float]:
        """The scored excerpts with their mean SI-SDR in dB, refined, the lowest first."""
        means = {}
        for excerpt in self.ours.excerpts:
            targets = self.targets.get(("refined", excerpt), [])
            scores = [target["si_sdr"] for target in targets]
            scored = [score for score in scores if score is not None]
            if scored:
                means[excerpt] = sum(scored) / len(scored)
        return dict(sorted(means.items(), key=lambda item: item[1]))

    def _names(self) -> list[str]:
        """Of each component: the source that its refined part was assigned to, if there is one."""
        names = [f"part {n + 1}" for n in range(self.ours.separator.n_parts)]
        for target in self.targets.get(("refined", self.ours.excerpts[0]), []):
            for part in target["parts"]:
                names[part] = target["name"]
        return names


def _row(title: str, text: str, clips: list[Clip]) -> Clip:
    return {"title": title, "text": text, "clips": clips}


def _section(name: str, title: str, text: str, rows: list[Clip]) -> Section:
    return {"id": name, "title": title, "text": text, "rows": rows}

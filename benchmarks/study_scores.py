"""Mean SI-SDR of methods over the test excerpts in which all sources sound.

By one assignment of parts to sources for all of them, and as the paper has it: by the best
assignment of each excerpt, which flatters every method, the worst most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from study_files import read_json, write_json
from torch import Tensor

from dirac.audio.codecs import Codec
from dirac.data.collections import find_tracks
from dirac.data.store import StoreMeta
from dirac.data.tracks import Track, read_sources
from dirac.evaluation.assignment import Assignment, Table, best_assignment, score_subsets
from dirac.evaluation.baselines import make_baselines
from dirac.evaluation.methods import Method, Signal, codec_oracle, separate_mixture
from dirac.evaluation.scores import DECIMALS
from dirac.evaluation.signals import find_silent
from dirac.params import Params
from dirac.separation.separator import Separator
from dirac.separation.settings import Settings

Scores = dict[str, dict[str, float]]  # by method: the mean, each source and EACH_BEST, in dB
Methods = Mapping[str, Callable[[int], Method]]  # by name; of the number of an excerpt

OURS = ("refined", "decoded", "regressed", "untrained")
BOUNDS = ("oracle", "codec_oracle", "codec_mask")
EACH_BEST = "mean by the best assignment of each excerpt"


@dataclass(frozen=True)
class Excerpts:
    """Those of a test store in which all sources sound; `numbers` in the store."""

    meta: StoreMeta
    tracks: Mapping[str, Track]
    codec: Codec
    numbers: Sequence[int]

    @classmethod
    def find(cls, data: Path, meta: StoreMeta, codec: Codec, silence_db: float) -> "Excerpts":
        """Raises ValueError if there are none."""
        tracks = {track.name: track for track in find_tracks(meta.data_name, data)}
        every = cls(meta, tracks, codec, range(len(meta.excerpts)))
        sounding = [n for n in every.numbers if not find_silent(every.read(n), silence_db).any()]
        if not sounding:
            raise ValueError("no test excerpt has all sources: raise data.max_excerpts.test")
        return cls(meta, tracks, codec, sounding)

    def read(self, number: int) -> Signal:
        """The sources as shares of the mixture, (sources, channels, time), as `Ours.read`."""
        excerpt, sources = self.meta.excerpts[number], self.meta.sources
        start, seconds = excerpt.start_seconds, excerpt.duration_seconds
        rate, n_channels = self.codec.sample_rate, self.codec.n_audio_channels
        track = self.tracks[excerpt.track]
        return read_sources(track, sources, start, seconds, rate, n_channels) / len(sources)


def sets_of_methods(
    separator: Separator, untrained: Separator, params: Params, baseline_seed: int
) -> tuple[Methods, Methods]:
    """Those of a trained model, and those that every model shares: baselines and bounds."""

    def decode(number: int) -> Method:  # from the noise of `Ours`
        return partial(separate_mixture, partial(separator.decoded, seed=params.seed + number))

    def encode(waveforms: Tensor) -> Tensor:
        return separator.codec.encode(waveforms.to(separator.device))

    def oracle(settings: Settings) -> Method:
        return partial(codec_oracle, encode, partial(separator.masked, settings=settings))

    ours: dict[str, Callable[[int], Method]] = {
        "refined": partial(_same, partial(separate_mixture, separator.refined)),
        "decoded": decode,
        "regressed": partial(_same, partial(separate_mixture, separator.regressed)),
        "untrained": partial(_same, partial(separate_mixture, untrained.refined)),
    }
    blind = make_baselines(params.evaluate, len(params.data.sources), baseline_seed)
    others = blind | {
        "codec_oracle": oracle(separator.settings.of_parts_alone),
        "codec_mask": oracle(separator.settings.of_masks_alone),
    }
    return ours, {name: partial(_same, method) for name, method in others.items()}


def blind_names(scores: Scores) -> list[str]:
    """The methods that learn nothing and see the mixture alone."""
    return [name for name in scores if name not in (*OURS, *BOUNDS)]


def score_methods(path: Path, methods: Methods, excerpts: Excerpts) -> Scores:
    """Their scores; those in the file at `path` are not made again, and each is added to it."""
    scores: Scores = read_json(path, {})
    for name, method in methods.items():
        if name in scores:
            continue
        tables = [_tabulate(method(n), excerpts.read(n), excerpts) for n in excerpts.numbers]
        sources = excerpts.meta.sources
        scores[name] = mean_scores(tables, sources) | {EACH_BEST: each_best(tables, sources)}
        print(f"  {name:12} {scores[name]['mean']:6.2f} dB", flush=True)
        write_json(path, scores)
    return {name: scores[name] for name in methods}


def mean_scores(tables: Sequence[Table], sources: Sequence[str]) -> dict[str, float]:
    """Of each source and their mean, by the one assignment that is best for all tables."""
    return scores_by(best_assignment(tables), tables, sources)


def each_best(tables: Sequence[Table], sources: Sequence[str]) -> float:
    """The mean of all sources, each excerpt by the assignment that is best for it."""
    means = [mean_scores([table], sources)["mean"] for table in tables]
    return round(float(np.mean(means)), DECIMALS)


def scores_by(
    assignment: Assignment, tables: Sequence[Table], sources: Sequence[str]
) -> dict[str, float]:
    """Of each source and their mean, by this assignment of parts to sources."""
    fixed = np.array(assignment)
    found = {}
    for number, source in enumerate(sources):
        subset = int(((fixed == number) << np.arange(len(fixed))).sum())
        found[source] = float(np.mean([table.si_sdr[subset, number] for table in tables]))
    means = {"mean": float(np.mean(list(found.values())))} | found
    return {name: round(value, DECIMALS) for name, value in means.items()}


def _same(method: Method, number: int) -> Method:
    return method


def _tabulate(method: Method, references: Signal, excerpts: Excerpts) -> Table:
    parts = method(references, excerpts.codec.sample_rate)
    return score_subsets(parts, references, np.ones(len(references), dtype=bool))

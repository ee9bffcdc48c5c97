"""What our model makes of the test excerpts: parts to score, and how well they make the mixture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dirac.data.store import StoreMeta
from dirac.data.tracks import Track, read_sources
from dirac.devices import CPU, all_devices
from dirac.evaluation.methods import codec_oracle, round_trip
from dirac.evaluation.pool import Job, Pool
from dirac.evaluation.signals import Signal, Signals
from dirac.kept import keep
from dirac.metrics.reconstruction import latent_mse, multiscale_stft
from dirac.model_files import load_model
from dirac.separation.separator import Separator

PARTS = ("refined", "decoded")  # what the model makes of a mixture
METHODS = (*PARTS, "regressed", "untrained", "codec", "codec_oracle", "codec_mask")


class MismatchError(ValueError):
    """A store and a model that do not belong together."""


def check_codec(meta: StoreMeta, store: Path, model: Path) -> None:
    """Raises MismatchError if the store's latents are not those the model was trained on."""
    _, card = load_model(model)
    if card.get("codec") != meta.codec:
        raise MismatchError(
            f"{store} holds latents of the codec {meta.codec}, but the model in {model} was "
            f"trained on {card.get('codec')}: run `dvc repro`, which makes both of one codec"
        )


@dataclass(frozen=True)
class Ours:
    """Our model on the excerpts of a store; every result is kept under `signals.folder`.

    untrained: the same network with the weights that training began with.
    Excerpts are handled alone, at the rate and channels of the codec, so that they may be resumed.
    """

    separator: Separator
    untrained: Separator
    signals: Signals
    excerpts: Sequence[str]
    seed: int
    n_processes: int

    def read(self, meta: StoreMeta, tracks: Sequence[Track]) -> None:
        """The references of all excerpts: sources, divided by their number."""
        if len(meta.excerpts) < 2:
            raise MismatchError(
                "two test excerpts at least are needed: raise data.max_excerpts.test or get a "
                "larger data set"
            )
        by_name, codec = {track.name: track for track in tracks}, self.separator.codec
        for excerpt in meta.excerpts:
            if excerpt.track not in by_name:
                raise MismatchError(f"the data set has no track {excerpt.track}: run `dvc repro`")
            if not self.signals.has_references(excerpt.name):
                sources = read_sources(
                    by_name[excerpt.track],
                    meta.sources,
                    excerpt.start_seconds,
                    excerpt.duration_seconds,
                    codec.sample_rate,
                    codec.n_audio_channels,
                )
                self.signals.save_references(excerpt.name, sources / len(sources))

    def spread(self, n: int) -> list[str]:
        """n excerpts, or all if there are fewer, evenly from the test set."""
        n = min(n, len(self.excerpts))
        return [self.excerpts[i * len(self.excerpts) // n] for i in range(n)]

    def mixture(self, excerpt: str) -> Tensor:
        """(channels, time)"""
        return torch.from_numpy(self.signals.load_references(excerpt).sum(0))

    def latents(self, excerpt: str) -> Tensor:
        """Of the mixture, (1, channels, frames)."""
        return self.separator.encode(self.mixture(excerpt), self.separator.codec.sample_rate)

    def components(self, excerpt: str) -> Tensor:
        """(1, components, channels, frames)"""
        rate = self.separator.codec.sample_rate
        return self.separator.components(self.mixture(excerpt), rate)

    def parts(self, excerpt: str) -> Tensor:
        """As rendered, (1, components, channels, frames)."""

        def render() -> Tensor:
            noise = torch.Generator().manual_seed(self._seed(excerpt))
            return self.separator.render(self.components(excerpt), noise)

        kept = keep(self.signals.folder / "rendered" / f"{excerpt}.npy", render)
        return kept.to(self.separator.device)

    def reconstruction(self, excerpt: str) -> Tensor:
        """The rendered parts, composed and decoded, (channels, time)."""
        path = self.signals.folder / "reconstruction" / f"{excerpt}.npy"
        return keep(path, lambda: self._cut(self.separator.compose(self.parts(excerpt)), excerpt))

    def passed(self, excerpt: str) -> Tensor:
        """The mixture, encoded and decoded by the codec alone, (channels, time)."""
        path = self.signals.folder / "passed" / f"{excerpt}.npy"
        codec = self.separator.codec
        return keep(path, lambda: self._cut(codec.decode(self.latents(excerpt))[0], excerpt))

    def _seed(self, excerpt: str) -> int:
        """Of the noise that its parts are rendered from."""
        return self.seed + self.excerpts.index(excerpt)

    def _cut(self, waveform: Tensor, excerpt: str) -> Tensor:
        """To the length of the excerpt, which a codec fills up to whole frames."""
        return waveform[..., : self.signals.load_references(excerpt).shape[-1]]

    def run(self, label: str, jobs: Sequence[Job]) -> None:
        """Runs jobs in `n_processes`; of models that are on a GPU, in one for each GPU."""
        is_on_gpu = self.separator.device.type == "cuda"
        with Pool(all_devices() if is_on_gpu else [CPU] * self.n_processes) as pool:
            pool.run(label, jobs)

    def separate(self, methods: Sequence[str]) -> None:
        """Saves the parts of methods (of `METHODS`) of every excerpt, and what they compose."""
        self.run("rendering", [(self.prepare, (excerpt, methods)) for excerpt in self.excerpts])

    def prepare(self, excerpt: str, methods: Sequence[str]) -> None:
        """All of one excerpt that is not there yet."""
        for method in methods:
            if not self.signals.has_parts(method, excerpt):
                self.signals.save_parts(method, excerpt, self._separate(method, excerpt))
        self.reconstruction(excerpt)
        self.passed(excerpt)

    def score_reconstruction(self, excerpt: str) -> dict[str, float]:
        """Distances to the mixture of what the rendered parts compose, and of the codec alone."""
        mixture, latents = self.mixture(excerpt), self.latents(excerpt)
        composed = self.separator.model.compose(self.parts(excerpt))
        return {
            "latent_mse": latent_mse(composed, latents),
            "multiscale_stft": _distance(self.reconstruction(excerpt), mixture),
            "codec_multiscale_stft": _distance(self.passed(excerpt), mixture),
        }

    def _separate(self, method: str, excerpt: str) -> Signal:
        ours, references = self.separator, self.signals.load_references(excerpt)
        codec, mixture = ours.codec, self.mixture(excerpt)
        match method:
            case "refined":
                return np.asarray(ours.refined(mixture, codec.sample_rate))
            case "untrained":
                return np.asarray(self.untrained.refined(mixture, codec.sample_rate))
            case "decoded":
                return np.asarray(ours.decoded(mixture, codec.sample_rate, self._seed(excerpt)))
            case "regressed":
                return np.asarray(ours.regressed(mixture, codec.sample_rate))
            case "codec":
                return round_trip(self._encode, codec.decode, references, codec.sample_rate)
            case "codec_oracle":
                mask = partial(ours.masked, settings=ours.settings.of_parts_alone)
                return codec_oracle(self._encode, mask, references, codec.sample_rate)
            case "codec_mask":
                mask = partial(ours.masked, settings=ours.settings.of_masks_alone)
                return codec_oracle(self._encode, mask, references, codec.sample_rate)
        raise ValueError(f"there is no method {method}: {', '.join(METHODS)}")

    def _encode(self, waveforms: Tensor) -> Tensor:
        return self.separator.codec.encode(waveforms.to(self.separator.device))


def _distance(estimate: Tensor, reference: Tensor) -> float:
    return float(multiscale_stft(estimate, reference).mean())

"""How the songs that our models make compare with real ones, in the codec's latents.

clap_*      as frechet_*, of the sound of whole clips by CLAP, where evaluate.clap names its weights
frechet_*   distance to the test set of as many clips of each kind: the fewer, the farther, so
            that real songs (of the training set) are not at 0 either
nearest_*   median distance of a window to the likest place of the training set (of `MAX_SEARCHED`
            excerpts of it): 0 for copies
diversity   between variations around one kept component, in that between clips of the test set
kept_*      likeness of a kept component to what the encoder finds again, 1 if it is the same
replaced_*  likeness of those that the encoder finds beside it to those that the song had there
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from torch import Tensor
from tqdm import tqdm

from dirac.data.store import LatentStore
from dirac.evaluation.clap import Clap
from dirac.evaluation.scores import DECIMALS
from dirac.evaluation.songs import Songs
from dirac.metrics.generation import cut, diversity, embed, frechet_distance, nearest, similarity

MAX_SEARCHED = 10_000  # training excerpts in which copies are looked for, evenly spread
N_POOLED = 5  # frames; as fine as the search for copies has to look
N_VARIATIONS = 2  # of each song


@dataclass(frozen=True)
class Clips:
    """What is compared: `n` clips of n_frames, in windows of `window` frames."""

    n: int
    n_frames: int
    window: int

    def windows(self, songs: list[Tensor]) -> Tensor:
        """Songs (1, channels, frames) -> (windows, channels, window)."""
        return torch.cat([cut(song[..., : self.n_frames].cpu(), self.window) for song in songs])


def score_generation(
    songs: Songs, training: LatentStore, clips: Clips, clap: Clap | None
) -> dict[str, float]:
    """All of the figures above. Raises ValueError below two test excerpts."""
    made = make_songs(songs, training, clips)
    real = [songs.ours.latents(excerpt) for excerpt in songs.ours.excerpts]
    reference = embed(torch.cat([cut(song.cpu(), clips.window) for song in real]))
    figures = {
        f"frechet_{name}": frechet_distance(embed(clips.windows(latents)), reference)
        for name, latents in made.items()
    }
    if clap:
        figures |= hear(songs, made, clips, clap)
    searched = {name: made[name] for name in ("generated", "latent_diffusion")}
    searched["real"] = [songs.ours.latents(excerpt) for excerpt in songs.ours.spread(clips.n)]
    for name, latents in searched.items():
        figures[f"nearest_{name}"] = find_nearest(clips.windows(latents), training, name)
    if songs.ours.separator.n_parts > 1:
        figures |= score_variations(songs, clips)
    return {name: round(value, DECIMALS) for name, value in figures.items()}


def make_songs(songs: Songs, training: LatentStore, clips: Clips) -> dict[str, list[Tensor]]:
    """clips.n songs of each kind that are compared with the test set, (1, channels, frames)."""
    ours, n, n_frames = songs.ours, clips.n, clips.n_frames
    chosen = ours.spread(n)
    shuffles = [_shuffle(n, ours.seed + k) for k in range(ours.separator.n_parts)]
    mixed = [[chosen[shuffle[i]] for shuffle in shuffles] for i in range(n)]
    of_models = [
        (make, (n_frames, i)) for i in range(n) for make in (songs.generated, songs.diffused)
    ]
    ours.run(
        "generating", [*of_models, *((songs.mixed, (mixed[i], n_frames, i)) for i in range(n))]
    )
    compose, rate = ours.separator.model.compose, ours.separator.codec.sample_rate
    places = [i * len(training) // n for i in range(n)]
    return {
        "generated": [songs.generated(n_frames, i) for i in range(n)],
        "latent_diffusion": [songs.diffused(n_frames, i) for i in range(n)],
        "shuffled": [songs.mixed(mixed[i], n_frames, i) for i in range(n)],
        "reconstruction": [compose(ours.parts(excerpt)) for excerpt in chosen],
        "codec_roundtrip": [ours.separator.encode(ours.passed(e), rate) for e in chosen],
        "real": [torch.from_numpy(training.mixture(place))[None] for place in places],
    }


@torch.inference_mode()
def hear(
    songs: Songs, made: Mapping[str, list[Tensor]], clips: Clips, clap: Clap
) -> dict[str, float]:
    """Distances between what CLAP makes of decoded clips and of the test set's own sound."""
    ours, codec = songs.ours, songs.ours.separator.codec
    length, rate = round(clips.n_frames * codec.hop), codec.sample_rate
    chosen = ours.spread(clips.n)
    reference = clap.embed([ours.mixture(excerpt)[..., :length] for excerpt in chosen], rate)

    def embedded(latents: list[Tensor]) -> Tensor:
        clipped = (song[..., : clips.n_frames].to(ours.separator.device) for song in latents)
        return clap.embed([codec.decode(song)[0].cpu()[..., :length] for song in clipped], rate)

    return {
        f"clap_{name}": frechet_distance(embedded(latents), reference)
        for name, latents in made.items()
    }


def find_nearest(windows: Tensor, training: LatentStore, name: str) -> float:
    """The median over windows (windows, channels, frames) of how near the training set comes."""
    mean, std = (
        torch.tensor(values)[:, None] for values in (training.meta.mean, training.meta.std)
    )
    std = std.clamp_min(1e-3 * float(std.max()))
    windows = (windows - mean) / std
    closest = torch.full((len(windows),), torch.inf)
    numbers = range(0, len(training), len(training) // (MAX_SEARCHED + 1) + 1)
    for number in tqdm(numbers, f"looking for copies: {name}"):
        song = (torch.from_numpy(training.mixture(number)) - mean) / std
        closest = torch.minimum(closest, nearest(windows, song, N_POOLED))
    return float(closest.median())


@torch.inference_mode()
def score_variations(songs: Songs, clips: Clips) -> dict[str, float]:
    """How much variations differ, and whether what was kept in them is there."""
    ours, n_frames = songs.ours, clips.n_frames
    chosen = ours.spread(max(clips.n // 4, 2))
    kept = [(excerpt, i % ours.separator.n_parts) for i, excerpt in enumerate(chosen)]
    ours.run(
        "varying", [(songs.varied, (*of, n_frames, i)) for of in kept for i in range(N_VARIATIONS)]
    )
    varied = [[songs.varied(*of, n_frames, i) for i in range(N_VARIATIONS)] for of in kept]
    clip = {excerpt: ours.latents(excerpt)[..., :n_frames] for excerpt in ours.excerpts}
    rendered = {e: ours.separator.model.compose(ours.parts(e))[..., :n_frames] for e in chosen}

    def likeness(latents: Tensor, excerpt: str, components: Sequence[int]) -> float:
        found, true = (
            songs.prior.prior.standardised(ours.separator.model.encode(x))[:, components]
            for x in (latents, clip[excerpt])
        )
        return similarity(found, true)

    def beside(component: int) -> list[int]:
        return [k for k in range(ours.separator.n_parts) if k != component]

    of_kinds = {
        "variations": [(song, of) for of, made in zip(kept, varied, strict=True) for song in made],
        "reconstruction": [(rendered[of[0]], of) for of in kept],
        "other_song": [
            (clip[other], of) for of, other in zip(kept, [*chosen[1:], chosen[0]], strict=True)
        ],
    }
    figures = {
        "diversity": diversity(
            torch.stack([embed(torch.cat(variations)) for variations in varied]).cpu(),
            torch.cat([embed(latents) for latents in clip.values()]).cpu(),
        )
    }
    for kind, pairs in of_kinds.items():
        for figure, which in (("kept", lambda n: [n]), ("replaced", beside)):
            figures[f"{figure}_{kind}"] = fmean(
                likeness(song, excerpt, which(n)) for song, (excerpt, n) in pairs
            )
    return figures


def _shuffle(n: int, seed: int) -> list[int]:
    order: list[int] = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order

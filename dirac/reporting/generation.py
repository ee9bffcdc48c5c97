"""New music in figures: how like real music it is, whether it is copied, whether variations vary.

The figures are those of `dirac.evaluation.generation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dirac.reporting.charts import decibels
from dirac.reporting.inputs import finite
from dirac.reporting.tables import Method

KINDS = {
    "generated": Method("DIRAC: components from the prior", "ours"),
    "latent_diffusion": Method("Plain latent diffusion", "baseline"),
    "shuffled": Method("Test songs, components shuffled", "bound"),
    "reconstruction": Method("Test songs through the decomposition", "bound"),
    "codec_roundtrip": Method("Test songs through the codec", "bound"),
    "real": Method("Real songs, training against test", "bound"),
}


@dataclass(frozen=True)
class SongRow:
    """One kind of song: its distance to the test set, and to the nearest place in training; and

    to the test set as CLAP hears it, where that was asked for.
    """

    label: str
    kind: str
    frechet: str
    nearest: str
    clap: str


@dataclass(frozen=True)
class NewMusic:
    verdict: str
    rows: list[SongRow]
    variations: str


def read_new_music(values: Mapping[str, Any]) -> NewMusic | None:
    """values: generation of metrics.json; None where nothing was generated."""
    if finite(values.get("frechet_generated")) is None:
        return None
    rows = [
        SongRow(
            shown.label,
            shown.kind,
            decibels(finite(values.get(f"frechet_{name}"))),
            decibels(finite(values.get(f"nearest_{name}")), 2),
            decibels(finite(values.get(f"clap_{name}")), 1),
        )
        for name, shown in KINDS.items()
        if f"frechet_{name}" in values
    ]
    return NewMusic(_verdict(values), rows, _variations(values))


def _verdict(values: Mapping[str, Any]) -> str:
    """Won or lost against the plain latent diffusion, as printed; real songs beside them."""
    ours, plain, real = (
        finite(values.get(f"frechet_{name}")) for name in ("generated", "latent_diffusion", "real")
    )
    told = f"Songs from the prior lie {decibels(ours)} from the test set"
    if plain is not None and ours is not None:
        apart = round(round(ours, 1) - round(plain, 1), 1)
        word = "as far as" if apart == 0 else "closer than" if apart < 0 else "farther than"
        told += f", {word} those of a plain latent diffusion ({decibels(plain)})"
    if real is not None:
        told += f"; as many real songs that the models were trained on lie {decibels(real)} from it"
    return f"{told}."


def _variations(values: Mapping[str, Any]) -> str:
    """What becomes of a component that is kept; empty where there is but one."""
    kept, own, other, diversity, replaced, replaced_other = (
        finite(values.get(name))
        for name in (
            *("kept_variations", "kept_reconstruction", "kept_other_song", "diversity"),
            *("replaced_variations", "replaced_other_song"),
        )
    )
    if kept is None or own is None or other is None or diversity is None:
        return ""
    replacement = ""
    if replaced is not None and replaced_other is not None:
        replacement = (
            f" What is new beside it is like what the song had there by {decibels(replaced, 2)}, "
            f"where another song's is by {decibels(replaced_other, 2)}."
        )
    return (
        f"Where one component is kept and the others are new, the encoder finds it again with a "
        f"likeness of {decibels(kept, 2)}; in the song's own reconstruction {decibels(own, 2)}, in "
        f"another song {decibels(other, 2)} (cosine, 1 is the same). Two variations around one "
        f"component are {100 * diversity:.0f}\N{NO-BREAK SPACE}% as far apart as two different "
        "songs." + replacement
    )

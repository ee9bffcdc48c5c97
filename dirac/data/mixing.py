"""A song's parts, produced and at their levels: what is written as its stems."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from dirac.data.banks import Instruments
from dirac.data.music.song import Part, Song
from dirac.data.production import REFERENCE_RMS, Chain
from dirac.data.rendering import active_rms, render_part, render_voices
from dirac.data.soundfont import Samples

PEAK = 0.9  # of the mixture, or of a stem if that is higher

Voices = Mapping[str, Samples]  # name of a voice -> (time,)


def mix_song(
    song: Song,
    n_samples: int,
    sample_rate: int,
    instruments: Instruments,
    chains: Sequence[Chain | None] = (),
    *,
    split_drums: bool = False,
) -> list[Voices]:
    """Of each part its voices, at its level: the sum of all is the mixture.

    A part has one voice, named as its class, drums with split_drums those that they play.
    chains: production of each part, none where it is empty.
    """
    mixed = []
    for part, chain in itertools.zip_longest(song.parts, chains):
        place = (part, song.tempo, n_samples, sample_rate, instruments)
        if split_drums and part.is_drum:
            rendered = render_voices(*place)
            voices = {name: heard for name, heard in rendered.items() if heard.any()} or rendered
        else:
            voices = {part.inst_class: render_part(*place)}
        produced = _produce(np.stack(list(voices.values())), part, chain, sample_rate)
        mixed.append(dict(zip(voices, produced, strict=True)))
    stems = [sum_voices(voices) for voices in mixed]
    heard = [sum(stems), *stems, *(samples for voices in mixed for samples in voices.values())]
    gain = np.float32(PEAK / max(*(float(np.abs(samples).max()) for samples in heard), 1e-6))
    return [{name: samples * gain for name, samples in voices.items()} for voices in mixed]


def sum_voices(voices: Voices) -> Samples:
    """The stem (time,) that these voices make."""
    stem: Samples = np.sum(np.stack(list(voices.values())), axis=0, dtype=np.float32)
    return stem


def _produce(voices: Samples, part: Part, chain: Chain | None, sample_rate: int) -> Samples:
    """(voices, time) -> the same shape, through the chain and with their sum at its level."""
    if chain is not None:
        voices = chain.apply(voices * _gain_to(REFERENCE_RMS, voices, sample_rate), sample_rate)
    return voices * _gain_to(10 ** (part.level_db / 20), voices, sample_rate)


def _gain_to(rms: float, voices: Samples, sample_rate: int) -> np.float32:
    return np.float32(rms / max(active_rms(voices.sum(axis=0), sample_rate), 1e-6))

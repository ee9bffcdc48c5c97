"""The section `data` of params.yaml: which data set, and what of it makes mixtures."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dirac.section import Count, NonNegative, PerSplit, Positive, Section, Share

DataName = Literal[
    "synthetic", "slakh2100", "babyslakh", "musdb18", "musdb18hq", "musdb18_preview", "folder"
]
MIXTURE = "mixture"  # the one source of a folder of songs, which has no stems
DRUM_VOICES = {"kick", "snare", "hats", "toms", "cymbals", "percussion"}


class SyntheticData(Section):
    seed: Annotated[int, Field(ge=0)]
    n_songs: PerSplit[Count]
    duration_seconds: Annotated[float, Field(ge=8)]
    sample_rate: Annotated[int, Field(ge=8000, le=96000)]
    level_db: NonNegative
    production: Share
    drum_voices: bool
    banks: tuple[Path, ...]
    synthesis: Share
    tuning: Share
    dense: Share


class SlakhData(Section):
    sources: Annotated[tuple[str, ...], Field(min_length=1)] | None


class Data(Section):
    name: DataName
    root: Path | None
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    duration_seconds: Positive
    max_excerpts: PerSplit[Count | None]
    silence_db: Annotated[float, Field(lt=0)]
    drop_silent_sources: bool
    source_rms: Positive
    slakh2100: SlakhData
    synthetic: SyntheticData

    @model_validator(mode="after")
    def _excerpts_to_compare(self) -> Self:
        if self.max_excerpts.test == 1:
            raise ValueError(
                "max_excerpts.test must be 2 or more: the evaluation compares test excerpts"
            )
        return self

    @model_validator(mode="after")
    def _distinct_sources(self) -> Self:
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("sources must differ from each other")
        if "drums" in self.sources and not DRUM_VOICES.isdisjoint(self.sources):
            raise ValueError("sources: drums and a voice of them would sound twice in a mixture")
        return self

    @model_validator(mode="after")
    def _sources_that_there_are(self) -> Self:
        if (self.name == "folder") != (self.sources == (MIXTURE,)):
            raise ValueError(
                f"name folder goes with sources [{MIXTURE}], and nothing else does: "
                "a folder of songs has no stems"
            )
        kept = self.slakh2100.sources
        if self.name == "slakh2100" and self.root is None and kept is not None:
            missing = [source for source in self.sources if source not in kept]
            if missing:
                raise ValueError(
                    f"slakh2100.sources, what is kept of the download, lacks {', '.join(missing)}, "
                    "of which data.sources makes mixtures"
                )
        return self

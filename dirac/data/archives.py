"""The archives of the public data sets: where they are and how a whole one is known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """`n_bytes_unpacked` is rounded up: it only serves to see whether the disk is large enough."""

    file_name: str
    url: str
    n_bytes: int
    md5: str
    n_bytes_unpacked: int

    @property
    def is_tar(self) -> bool:
        """A .tar.gz, which can be unpacked as it comes in; if not, a zip."""
        return self.file_name.endswith(".tar.gz")


ARCHIVES = {
    "slakh2100": Archive(
        "slakh2100_flac_redux.tar.gz",
        "https://zenodo.org/record/4599666/files/slakh2100_flac_redux.tar.gz?download=1",
        104_322_767_708,
        "f4b71b6c45ac9b506f59788456b3f0c4",
        108_000_000_000,
    ),
    "babyslakh": Archive(
        "babyslakh_16k.tar.gz",
        "https://zenodo.org/record/4603870/files/babyslakh_16k.tar.gz?download=1",
        882_818_115,
        "311096dc2bde7d61c97e930edbfc7f78",
        3_000_000_000,
    ),
    "musdb18": Archive(
        "musdb18.zip",
        "https://zenodo.org/records/1117372/files/musdb18.zip?download=1",
        4_684_228_845,
        "af06762477334799bfc5abf237648207",
        5_000_000_000,
    ),
    "musdb18hq": Archive(
        "musdb18hq.zip",
        "https://zenodo.org/record/3338373/files/musdb18hq.zip",
        22_656_664_047,
        "12d4f2ecd55245a4688754dd76363103",
        35_000_000_000,
    ),
    "musdb18_preview": Archive(
        "MUSDB18-7-STEMS.zip",
        "https://github.com/sigsep/sigsep-mus-db/releases/download/v0.4.0/MUSDB18-7-STEMS.zip",
        147_209_385,
        "dc2bdfac5b46ce742bd60009866758a5",
        160_000_000,
    ),
}

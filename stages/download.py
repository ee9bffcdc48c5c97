"""Stage 1: the audio. Composes the synthetic data set, downloads a public one, or points at one."""

import argparse
from pathlib import Path

from dirac.command import behave_as_command
from dirac.data.archives import ARCHIVES
from dirac.data.download import provide
from dirac.data.synthetic import Making, make_dataset
from dirac.params import load_params
from dirac.scratch import fingerprint, from_root, publish, work_folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder of the data set")
    arguments = parser.parse_args()

    data = load_params().data
    composed = data.name == "synthetic" and data.root is None
    used = data.model_dump(mode="json", include={"name", "root", "synthetic"})
    # A download goes on whatever has changed since: its bytes are known by their checksum.
    fetched = data.name in ARCHIVES and data.root is None
    key = ARCHIVES[data.name].md5 if fetched else fingerprint(used, [])
    with work_folder("download", key) as scratch:
        finished = scratch / "data_set"
        if composed:
            synthetic = data.synthetic
            banks = tuple(from_root(bank) for bank in synthetic.banks)
            make_dataset(
                finished,
                synthetic.seed,
                synthetic.n_songs.model_dump(),
                Making(**synthetic.model_dump(exclude={"seed", "n_songs"}) | {"banks": banks}),
            )
        else:
            sources = data.slakh2100.sources
            provide(data.name, from_root(data.root), finished, scratch, sources)
        publish(finished, arguments.output)


if __name__ == "__main__":
    behave_as_command()
    main()

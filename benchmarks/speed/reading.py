"""The store: random reads, and shuffled epochs through the loader, beside copying the bytes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from floors import copy
from measure import Row, Timing, Work, interleaved, timed
from setting import Size, params_of

from dirac.data.anchors import AnchorSettings
from dirac.data.components import ComponentDataset
from dirac.data.datasets import MixtureDataset
from dirac.data.excerpts import Excerpts
from dirac.data.remixes import RemixDataset
from dirac.data.store import VERSION, LatentStore, StoreMeta, StoreWriter
from dirac.training.batches import BatchKeys, KeyedDataset, loader

N_FRAMES = 525
AHEAD = 2  # batches that torch has each worker read ahead


def write_store(path: Path, n_excerpts: int, n_frames: int = N_FRAMES) -> Path:
    """Magnitudes drawn at random, of mixtures and two sources, as the caching stage keeps them."""
    random, writer = np.random.default_rng(0), StoreWriter(path)
    for first in range(0, n_excerpts, 32):
        n = min(32, n_excerpts - first)
        writer.append(list(random.random((n, 3, 128, n_frames), np.float32).astype(np.float16)))
    mean, std = writer.moments()
    meta = StoreMeta(
        version=VERSION,
        data_name="synthetic",
        codec={},
        sample_rate=24_000,
        frame_rate=75.0,
        exponent=2.0,
        homogeneous=True,
        n_channels=128,
        n_frames=n_frames,
        dtype="float16",
        sources=("drums", "bass"),
        speeds=(),
        excerpts=Excerpts(
            ("song",),
            np.zeros(n_excerpts, int),
            n_frames / 75 * np.arange(n_excerpts),
            n_frames / 75,
        ),
        records=np.arange(n_excerpts),
        dropped={},
        mean=tuple(mean),
        std=tuple(std),
    )
    writer.finish(meta)
    return path


def remixes(path: Path, n_frames: int, anchors: AnchorSettings) -> RemixDataset:
    """What the default training reads: a mixture and two collages of anchors."""
    mixtures = MixtureDataset(path, n_frames)
    places = np.stack([np.arange(len(mixtures)), np.zeros(len(mixtures), int)], axis=1)
    return RemixDataset(mixtures, [places, places], anchors, 2.0, varied=True)


def measure(size: Size, folder: Path) -> Iterator[Row]:
    """Reads of whole mixtures; then items of trainings, in batches, by the number of workers."""
    store = LatentStore(write_store(folder / "read.lmdb", size.n_excerpts))
    copying, n_bytes = copy(torch.device("cpu"))
    order = np.random.default_rng(1).integers(len(store), size=size.n_reads)
    works: dict[str, Work] = {
        "random": lambda: [store.mixture(int(index)) for index in order],
        "copy": copying,
    }
    timings = interleaved(works, size.n_repeats)
    read = size.n_reads * 128 * N_FRAMES * 2
    floor = read / n_bytes * timings["copy"].wall
    name = f"random mixtures of {N_FRAMES} frames"
    yield Row("reading", name, size.n_reads, "reads/s", timings["random"], "copy", floor)
    for name, dataset, batch_size in datasets_of(store.path, size.n_excerpts):
        title = f"shuffled {name} of {dataset[0, 0.0].shape[-1]}, {batch_size} at once"
        n_batches = -(-size.n_reads // batch_size)
        n_bytes_read = n_batches * batch_size * dataset[0, 0.0].nbytes
        floor = n_bytes_read / n_bytes * timings["copy"].wall
        for n in size.n_workers:
            read = [
                read_batches(dataset, batch_size, n, n_batches)
                for _ in range(max(1, size.n_repeats // 2))
            ]
            fastest = min(read, key=lambda timing: timing.wall)
            n_items = n_batches * batch_size
            name_of_row = f"{title}, {n} workers"
            yield Row("reading", name_of_row, n_items, "items/s", fastest, "copy", floor)


def datasets_of(path: Path, n_excerpts: int) -> list[tuple[str, KeyedDataset, int]]:
    """What trainings read: the default's, crops alone, the paper's size, the prior's; batches."""
    default, paper = params_of(), params_of("paper").train
    train = default.train
    shape = (
        1 + default.prior.exchanged,
        default.model.n_latents,
        default.model.encoder.n_component_channels,
        N_FRAMES,
    )
    components = ComponentDataset(torch.zeros(n_excerpts, *shape), default.prior.n_frames)
    return [
        ("remixes", remixes(path, train.n_frames, train.anchors), train.batch_size),
        ("crops", MixtureDataset(path, train.n_frames), train.batch_size),
        ("crops", MixtureDataset(path, paper.n_frames), paper.batch_size),
        ("components", components, default.prior.batch_size),
    ]


def read_batches(dataset: KeyedDataset, batch_size: int, n_workers: int, n_batches: int) -> Timing:
    """Without the start of the workers, and what they read ahead meanwhile."""
    keys = BatchKeys(len(dataset), batch_size, 0, 0, 1)
    feed = iter(loader(dataset, keys, n_workers, torch.device("cpu")))
    for _ in range(1 + AHEAD * n_workers):
        next(feed)
    return timed(lambda: [next(feed).shape for _ in range(n_batches)])

"""Remixes of anchors, and of what a model took out of mixtures."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dirac.data import estimates
from dirac.data.datasets import MixtureDataset
from dirac.data.estimates import Estimates, part_name, shared_out, write_estimates
from dirac.data.remixes import RemixDataset, remix_datasets, scaled
from dirac.data.store import LatentStore, StoreWriter

from . import stores

N_CHANNELS, WINDOW, N_FRAMES = 12, 8, 32
PLACES = [np.array([[3, 8]]), np.array([[5, 16]])]


def settings(**other: float) -> SimpleNamespace:
    plain = {"n_frames": WINDOW, "gain_db": 6.0, "speed_octaves": 0.0, "equaliser_db": 0.0}
    plain["by_song"] = False
    return SimpleNamespace(**plain | other)


def write_store(path: Path, exponent: float = 2.0, n_excerpts: int = 40) -> Path:
    """Loud everywhere: what is silent has no ratio."""
    random = np.random.default_rng(0)
    mixtures = random.uniform(0.5, 2, (n_excerpts, N_CHANNELS, N_FRAMES)).astype(np.float32)
    return stores.write_mixtures(path, mixtures, exponent, homogeneous=exponent != 1)


@pytest.fixture
def mixtures(tmp_path: Path) -> MixtureDataset:
    return MixtureDataset(write_store(tmp_path / "a.lmdb"), 12)


def test_a_gain_acts_on_what_differs_from_silence(tmp_path: Path) -> None:
    mixtures = 3 + np.random.default_rng(0).standard_normal((2, N_CHANNELS, 8))
    for homogeneous, silence in ((True, 0), (False, mixtures.mean(axis=(0, 2))[:, None])):
        path = tmp_path / f"{homogeneous}.lmdb"
        store = LatentStore(stores.write_mixtures(path, mixtures, 1.0, homogeneous=homogeneous))
        louder = scaled(store, store.mixture(0), 2.0).numpy()
        np.testing.assert_allclose(louder - silence, 2 * (mixtures[0] - silence), atol=1e-5)


def test_a_remix_holds_a_mixture_and_scaled_anchors(mixtures: MixtureDataset) -> None:
    remix = RemixDataset(mixtures, PLACES, settings(), 1.0, varied=False)
    item = remix[7, 0.25]
    assert item.shape == (3, N_CHANNELS, 12)
    assert torch.equal(item[0], mixtures[7, 0.25])
    for collage, ((index, start),) in zip(item[1:], PLACES, strict=True):
        window = torch.from_numpy(mixtures.store.mixture(index, start, WINDOW))
        ratio = collage[:, :WINDOW] / window
        assert torch.allclose(ratio, ratio[0, 0].expand_as(ratio))
        # Magnitudes, the squares of these latents, change by at most 6 dB.
        assert abs(20 * torch.log10(ratio[0, 0] ** 2)) <= 6.0
        assert torch.equal(collage[:, WINDOW:], collage[:, :4])


def test_levels_are_spread_over_all_that_is_allowed(tmp_path: Path) -> None:
    path = stores.write_mixtures(tmp_path / "a.lmdb", np.ones((6, N_CHANNELS, N_FRAMES)), 2.0)
    remix = RemixDataset(MixtureDataset(path, 12), PLACES, settings(), 1.0, varied=False)
    items = torch.stack([remix[index % 6, index / 20][1:] for index in range(20)])
    gains_db = 20 * torch.log10(items[..., 0, 0] ** 2)
    assert gains_db.abs().max() <= 6
    for gains in (*gains_db.mT, gains_db[:, 0] - gains_db[:, 1]):
        assert gains.std() > 2  # 3.5 if all are as likely


def test_a_remix_is_decided_by_its_key(mixtures: MixtureDataset) -> None:
    remix = RemixDataset(mixtures, PLACES, settings(), 1.0, varied=False)
    assert torch.equal(remix[7, 0.25], remix[7, 0.25])
    assert not torch.equal(remix[7, 0.25][1:], remix[7, 0.26][1:])


@pytest.mark.parametrize("what", [{"speed_octaves": 0.5}, {"equaliser_db": 6.0}])
def test_a_varied_remix_has_another_speed_or_tone(
    mixtures: MixtureDataset, what: dict[str, float]
) -> None:
    plain, varied = (
        RemixDataset(mixtures, PLACES[:1], settings(**what), 1.0, varied=varied)
        for varied in (False, True)
    )
    assert torch.equal(varied[7, 0.25], varied[7, 0.25])
    assert torch.equal(varied[7, 0.25][0], plain[7, 0.25][0])
    for remix in (plain, varied):
        shapes = [remix[index, 0.5][1] / remix[index, 0.5][1].mean() for index in range(9)]
        alike = [torch.allclose(shape, shapes[0], atol=0.1) for shape in shapes]
        assert all(alike) == (remix is plain)  # but for the level


def test_half_of_the_anchors_are_played_at_other_speeds(tmp_path: Path) -> None:
    """Everything of excerpt 3 at its own speed is 1, at twice that 4, at 0.8 times 9."""
    shapes = [(5, N_CHANNELS, n) for n in (N_FRAMES, N_FRAMES // 2, int(N_FRAMES / 0.8))]
    own, faster, slower = map(np.full, shapes, (1, 4, 9))
    path = tmp_path / "a.lmdb"
    stores.write_mixtures(path, own, 2.0, played={2.0: faster, 0.8: slower})
    mixtures, places = MixtureDataset(path, 20), [np.array([[3, N_FRAMES - WINDOW]])]
    flat = settings(gain_db=0.0)
    remix = RemixDataset(mixtures, places, flat, 1.0, speeds=[(2.0, 0.8)], varied=True)
    items = [remix[index % 5, index / 400][1] for index in range(400)]
    assert all((item == item[0, 0]).all() for item in items)  # one speed for all of a source
    values, counts = np.unique([float(item[0, 0]) for item in items], return_counts=True)
    np.testing.assert_array_equal(values, [1, 4, 9])
    np.testing.assert_allclose(counts / 400, [0.5, 0.25, 0.25], atol=0.07)
    plain = RemixDataset(mixtures, places, flat, 1.0, varied=True)
    assert all((plain[index % 5, index / 40][1] == 1).all() for index in range(40))


def test_each_store_is_remixed_with_its_own_anchors(tmp_path: Path) -> None:
    """Mixtures are 1 and 4, but for the excerpts that anchors are in: 2 and 3, 5 and 6."""
    paths, found = [tmp_path / "train.lmdb", tmp_path / "validation.lmdb"], []
    for path, value in zip(paths, (1.0, 4.0), strict=True):
        latents = np.full((6, N_CHANNELS, N_FRAMES), value, np.float32)
        numbers = [int(value), int(value) - 1]
        latents[numbers] += np.array([1, 2])[:, None, None]
        stores.write_mixtures(path, latents, 2.0)
        found.append([np.array([[number, 0]]) for number in numbers])
    datasets = remix_datasets(paths, found, 12, settings(gain_db=0.0), 1.0)
    for data, values in zip(datasets, ((1, 2, 3), (4, 5, 6)), strict=True):
        assert [item.unique().tolist() for item in data[5, 0.5]] == [[value] for value in values]


def take_halves(mixture: torch.Tensor) -> torch.Tensor:
    """A model to which the lower bands are one part, the upper ones the other."""
    lower = torch.arange(mixture.shape[1]) < N_CHANNELS // 2
    parts = [mixture * half[:, None] for half in (lower, ~lower)]
    return torch.stack(parts, dim=1)


def test_estimates_share_out_magnitudes(mixtures: MixtureDataset) -> None:
    store = mixtures.store
    mixture = store.mixture(0)
    loud, soft = mixture**2 * np.array([0.75, 0.25])[:, None, None]  # of twice the level or any
    parts = 3 * np.sqrt(np.stack([loud, soft]))
    own = shared_out(store, mixture, parts)
    np.testing.assert_allclose(own**2, [0.75 * mixture**2, 0.25 * mixture**2], rtol=1e-5)


def test_estimates_of_waveforms_add_up_to_the_mixture(tmp_path: Path) -> None:
    store = LatentStore(write_store(tmp_path / "a.lmdb", exponent=1.0))  # not silent at 0
    rest = np.array(store.meta.mean)[:, None]
    sounds = store.mixture(0) - rest
    noise = np.random.default_rng(0).standard_normal((2, *sounds.shape))
    parts = rest + 2 * np.stack([0.75 * sounds, 0.25 * sounds])  # as the mean of parts has them
    own = shared_out(store, store.mixture(0), parts)
    np.testing.assert_allclose(own - rest, [0.75 * sounds, 0.25 * sounds], atol=1e-5)
    wrong = shared_out(store, store.mixture(0), parts + noise)
    np.testing.assert_allclose((wrong - rest).sum(axis=0), sounds, atol=1e-5)


def test_estimates_are_kept_and_go_on_after_a_kill(tmp_path: Path) -> None:
    path = write_store(tmp_path / "a.lmdb")
    once, again = tmp_path / "once.lmdb", tmp_path / "again.lmdb"
    write_estimates(path, once, 2, 1.0, take_halves)
    n_taken = 0

    def dies(mixture: torch.Tensor) -> torch.Tensor:
        nonlocal n_taken
        n_taken += 1
        if n_taken == 35:  # after the first 32 were committed
            raise KeyboardInterrupt
        return take_halves(mixture)

    with pytest.raises(KeyboardInterrupt):
        write_estimates(path, again, 2, 1.0, dies)
    assert StoreWriter(again).n_records == 32
    n_taken = 100
    write_estimates(path, again, 2, 1.0, dies)
    assert n_taken == 108
    assert again.read_bytes() == once.read_bytes()
    write_estimates(path, once, 2, 1.0, lambda mixture: pytest.fail("they are there"))
    store, kept = LatentStore(path), LatentStore(once)
    assert kept.meta.sources == (part_name(0), part_name(1))
    assert np.array_equal(kept.mixture(33), store.mixture(33))
    lower, upper = (kept.source(33, part_name(number)) for number in (0, 1))
    np.testing.assert_allclose(lower + upper, store.mixture(33), rtol=1e-6)
    assert not lower[N_CHANNELS // 2 :].any()
    assert not upper[: N_CHANNELS // 2].any()


def test_of_many_excerpts_some_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_store(tmp_path / "a.lmdb")
    monkeypatch.setattr(estimates, "MAX_TAKEN", 15)
    write_estimates(path, tmp_path / "b.lmdb", 2, 1.0, take_halves)
    store, kept = LatentStore(path), LatentStore(tmp_path / "b.lmdb")
    assert len(kept) == 14  # of 40, every third
    assert kept.meta.excerpts[2] == store.meta.excerpts[6]
    assert np.array_equal(kept.mixture(2), store.mixture(6))


@pytest.mark.parametrize("speed_octaves", [0.0, 1.0])
def test_a_remix_of_estimates(mixtures: MixtureDataset, tmp_path: Path, speed_octaves) -> None:
    write_estimates(mixtures.store.path, tmp_path / "b.lmdb", 2, 1.0, take_halves)
    vary, kept = settings(speed_octaves=speed_octaves), LatentStore(tmp_path / "b.lmdb")
    remixes = {
        share: RemixDataset(mixtures, PLACES, vary, 1.0, Estimates(kept, share), varied=True)
        for share in (0.0, 0.5, 1.0)
    }
    drawn = {share: [remix[3, k / 50] for k in range(50)] for share, remix in remixes.items()}
    # Anchors sound in all bands, estimates in one half.
    of_estimates = {
        share: np.mean([not source[[0, -1]].all() for item in items for source in item[1:]])
        for share, items in drawn.items()
    }
    assert of_estimates[0.0] == 0
    assert 0.35 < of_estimates[0.5] < 0.65
    assert of_estimates[1.0] == 1
    assert torch.equal(remixes[0.5][7, 0.25], remixes[0.5][7, 0.25])


def test_estimates_are_read_to_the_end_and_no_further(tmp_path: Path) -> None:
    latents = np.random.default_rng(0).uniform(0.5, 2, (4, N_CHANNELS, 25))
    path = stores.write_mixtures(tmp_path / "a.lmdb", latents, 2.0)
    write_estimates(path, tmp_path / "b.lmdb", 2, 1.0, take_halves)
    estimates = Estimates(LatentStore(tmp_path / "b.lmdb"), 1.0)
    vary = settings(speed_octaves=1.0)  # 22 * (25 / 22) > 25, by rounding
    remix = RemixDataset(MixtureDataset(path, 22), PLACES, vary, 1.0, estimates, varied=True)
    for k in range(20):
        assert remix[1, k / 20].shape == (3, N_CHANNELS, 22)


def test_estimates_in_a_remix_are_stretches_of_one_part(
    mixtures: MixtureDataset, tmp_path: Path
) -> None:
    write_estimates(mixtures.store.path, tmp_path / "b.lmdb", 2, 1.0, take_halves)
    kept = LatentStore(tmp_path / "b.lmdb")
    remix = RemixDataset(
        mixtures, PLACES, settings(gain_db=0.0), 2.0, Estimates(kept, 1.0), varied=True
    )
    for number, source in enumerate(remix[7, 0.25][1:]):
        stretches = [
            kept.source(index, part_name(number), start, 12) * 2**0.5  # at the level of 2
            for index in range(len(kept))
            for start in range(N_FRAMES - 12 + 1)
        ]
        assert any(np.allclose(source, stretch) for stretch in stretches)

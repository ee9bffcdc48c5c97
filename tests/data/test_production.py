import numpy as np
import pytest

from dirac.data.chains import draw_chain
from dirac.data.music.song import BASS, DRUMS, PIANO
from dirac.data.production import (
    Automation,
    Band,
    Chain,
    Compressor,
    Equaliser,
    Ring,
    Room,
    Samples,
    Saturation,
)

RATE = 16000


def sine(hz: float, amplitude: float = 0.5, seconds: float = 1.0) -> Samples:
    """(1, time)"""
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.float32)[None]


def level_db(voices: Samples) -> float:
    """Of the second half, when everything has settled."""
    return 10 * float(np.log10(np.mean(np.square(voices[:, voices.shape[1] // 2 :]))))


@pytest.mark.parametrize(
    ("band", "hz", "gain_db"),
    [
        (Band("peak", 1000, 6.0, 1.0), 1000, 6.0),
        (Band("peak", 1000, -6.0, 4.0), 50, 0.0),
        (Band("low_shelf", 500, 6.0), 20, 6.0),
        (Band("low_shelf", 500, 6.0), 500, 3.0),
        (Band("low_shelf", 500, 6.0), 6000, 0.0),
        (Band("high_shelf", 2000, -5.0), 7500, -5.0),
        (Band("high_shelf", 2000, -5.0), 50, 0.0),
        (Band("low_pass", 1000), 1000, -3.01),
        (Band("low_pass", 1000), 20, 0.0),
        (Band("high_pass", 1000), 1000, -3.01),
        (Band("high_pass", 1000), 7900, 0.0),
    ],
)
def test_an_equaliser_has_its_gain_at_a_sine(band: Band, hz: float, gain_db: float) -> None:
    tone = sine(hz)
    heard = Equaliser((band,)).apply(tone, RATE)
    assert level_db(heard) - level_db(tone) == pytest.approx(gain_db, abs=0.1)


def test_a_band_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="'notch'"):
        Band("notch", 100).section(RATE)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 4.0])
def test_a_compressor_leaves_a_ratio_of_what_exceeds_the_threshold(ratio: float) -> None:
    tone = np.full((1, RATE), 0.1, np.float32)  # -20 dB
    heard = Compressor(-32.0, ratio, 0.01, 0.1).apply(tone, RATE)
    assert level_db(heard) == pytest.approx(-32 + 12 / ratio, abs=0.01)
    untouched = Compressor(-19.0, ratio, 0.01, 0.1).apply(tone, RATE)
    np.testing.assert_array_equal(untouched, tone)


def test_a_compressor_attacks_and_releases_in_its_times() -> None:
    levels = np.concatenate([np.full(RATE, 0.001), np.full(RATE, 0.1), np.full(RATE, 0.001)])
    gain = Compressor(-40.0, 2.0, 0.1, 0.2).gain(levels.astype(np.float32), RATE)
    reduction = -20 * np.log10(gain)
    share = 1 - np.exp(-1)
    assert reduction[RATE + RATE // 10] == pytest.approx(10 * share, abs=0.4)
    assert reduction[2 * RATE + RATE // 5] == pytest.approx(10 * (1 - share), abs=0.4)


def test_saturation_bends_the_loud_and_leaves_the_quiet() -> None:
    loud, quiet = np.full((1, 4), 0.5, np.float32), np.full((1, 4), -0.001, np.float32)
    np.testing.assert_allclose(Saturation(2.0).apply(loud, RATE), np.tanh(1.0) / 2, rtol=1e-4)
    np.testing.assert_allclose(Saturation(2.0).apply(quiet, RATE), quiet, rtol=1e-3)


def test_a_room_adds_its_energy_and_decays() -> None:
    room = Room(seed=1, decay_seconds=0.8, damping=0.5, wet=0.2)
    response = room.response(RATE).astype(np.float64)
    assert np.sum(response**2) == pytest.approx(0.2, rel=1e-4)
    early, late = (
        10 * np.log10(np.mean(response[at : at + RATE // 20] ** 2))
        for at in (round(0.1 * RATE), round(0.7 * RATE))
    )
    # 45 dB in 0.6 s, and a little more where highs go first
    assert 40 < early - late < 55
    click = np.zeros((1, RATE), np.float32)
    click[0, 0] = 1
    heard = room.apply(click, RATE)
    np.testing.assert_allclose(heard[0, 1 : len(response)], response[1:], atol=1e-5)
    assert heard[0, 0] == pytest.approx(1 + response[0], abs=1e-5)


def test_highs_decay_before_lows() -> None:
    response = Room(seed=2, decay_seconds=1.0, damping=0.3, wet=1.0).response(RATE)
    spectra = [
        np.abs(np.fft.rfft(response[at : at + RATE // 5])) ** 2 for at in (RATE // 20, RATE // 2)
    ]
    early, late = (np.sum(power[1200:]) / np.sum(power[:200]) for power in spectra)
    assert late < 0.5 * early


def test_a_kit_rings_on_at_its_modes() -> None:
    ring = Ring(hz=(100.0,), decay_seconds=(0.6,), wet=0.5)
    assert np.sum(ring.response(RATE).astype(np.float64) ** 2) == pytest.approx(0.5, rel=1e-4)
    click = np.zeros((1, RATE), np.float32)
    click[0, 0] = 1
    tail = (ring.apply(click, RATE) - click)[0]
    assert np.argmax(np.abs(np.fft.rfft(tail))) == 100
    early, late = (
        20 * np.log10(np.abs(tail[at : at + RATE // 20]).max()) for at in (0, round(0.3 * RATE))
    )
    assert early - late == pytest.approx(30, abs=0.5)


def test_dense_drums_are_less_often_silent() -> None:
    hits = np.zeros((1, 4 * RATE), np.float32)
    for at in range(0, 4 * RATE, RATE // 2):
        hits[0, at : at + RATE // 20] = sine(80, 0.8, 0.05)
    floors = {
        dense: np.mean(
            [
                20 * np.log10(np.median(np.abs(chain.apply(hits, RATE))) + 1e-6)
                for seed in range(10)
                for chain in [draw_chain(np.random.default_rng(seed), DRUMS, dense=dense)]
            ]
        )
        for dense in (False, True)
    }
    assert floors[True] > floors[False] + 10


def test_automation_is_straight_in_decibels() -> None:
    heard = Automation((0.0, 6.0, 0.0)).apply(np.ones((2, 2001), np.float32), RATE)
    np.testing.assert_allclose(
        20 * np.log10(heard[1, [0, 500, 1000, 2000]]), [0, 3, 6, 0], atol=1e-4
    )


@pytest.mark.parametrize("inst_class", [DRUMS, BASS, PIANO])
def test_produced_voices_add_up_to_the_produced_part(inst_class: str) -> None:
    rng = np.random.default_rng(0)
    voices = rng.normal(0, 0.05, (3, RATE)).astype(np.float32)
    for seed in range(16):
        chain = draw_chain(np.random.default_rng(seed), inst_class, dense=seed % 2 == 0)
        produced = chain.apply(voices, RATE)
        whole = chain.apply(voices.sum(axis=0, keepdims=True), RATE)
        assert produced.dtype == np.float32
        assert produced.shape == voices.shape
        assert np.isfinite(produced).all()
        np.testing.assert_allclose(produced.sum(axis=0), whole[0], atol=1e-4)


def test_silence_stays_silent_and_chains_vary_with_the_seed() -> None:
    chains = [draw_chain(np.random.default_rng(seed), DRUMS) for seed in (1, 1, 2)]
    assert chains[0] == chains[1] != chains[2]
    for chain in chains:
        assert not chain.apply(np.zeros((1, RATE), np.float32), RATE).any()
    tone = sine(200)
    np.testing.assert_array_equal(Chain(()).apply(tone, RATE), tone)

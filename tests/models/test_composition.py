import cmath
import math

import pytest
import torch

from dirac.models.composition import Composition, compose, random_coherence

PARTS = torch.tensor([[[1.0, 4.0], [3.0, 2.0]]])


@pytest.mark.parametrize(
    ("composition", "exponent", "expected"),
    [
        ("mean", 1, [2.0, 3.0]),
        ("sum", 1, [4.0, 6.0]),
        ("max", 1, [3.0, 4.0]),
        ("min", 1, [1.0, 2.0]),
        ("mean", 2, [5**0.5, 10**0.5]),
        ("sum", 2, [10**0.5, 20**0.5]),
        ("sum", 0.5, [(1 + 3**0.5) ** 2, (2 + 2**0.5) ** 2]),
        ("max", 2, [3.0, 4.0]),
        ("min", 2, [1.0, 2.0]),
    ],
)
def test_composing(composition: Composition, exponent: float, expected: list[float]) -> None:
    """Amplitudes in phase add as waveforms do."""
    composed = compose(PARTS, composition, exponent, coherence=1.0)
    torch.testing.assert_close(composed, torch.tensor([expected]))


@pytest.mark.parametrize("angle", [0.0, 1.0, math.pi / 2, 2.5])
@pytest.mark.parametrize("exponent", [2, 4 / 3])
def test_composing_waves_of_a_phase(angle: float, exponent: float) -> None:
    first, second = PARTS[:, 0] ** exponent, PARTS[:, 1] ** exponent
    expected = (first + second * cmath.exp(1j * angle)).abs() ** (1 / exponent)
    composed = compose(PARTS, "sum", exponent, coherence=torch.tensor(math.cos(angle)))
    torch.testing.assert_close(composed, expected)
    mean = compose(PARTS, "mean", exponent, coherence=math.cos(angle))
    torch.testing.assert_close(mean, composed / 2 ** (1 / exponent))


def test_composing_many_waves_of_any_phase_adds_their_powers() -> None:
    parts = torch.rand(1, 3, 1) + 0.5
    angles = 2 * math.pi * torch.rand(20000, 3, 1)
    powers = torch.polar(parts.square().expand_as(angles), angles).sum(1).abs().square()
    composed = compose(parts, "sum", 2, coherence=0.0)
    torch.testing.assert_close(composed**4, powers.mean(0, keepdim=True), rtol=0.03, atol=0)


def test_random_coherence_is_alike_where_windows_and_bands_overlap() -> None:
    chance = random_coherence(torch.randn(40, 64, 200))
    assert chance.shape == (40, 64, 200)
    inside = chance[:, :-1, 1:-1]
    assert float(inside.square().mean()) == pytest.approx(1, abs=0.02)
    for frames, expected in ((1, 2 / 3), (2, 1 / 3), (3, 0)):
        shifted = inside[..., frames:] * inside[..., :-frames]
        assert float(shifted.mean()) == pytest.approx(expected, abs=0.02)
    assert float((inside[:, 1:] * inside[:, :-1]).mean()) == pytest.approx(0.5, abs=0.02)


def test_composing_silence_has_finite_slopes() -> None:
    parts = torch.zeros(1, 2, 3, requires_grad=True)
    compose(parts, "mean", 2, coherence=0.0).sum().backward()
    assert parts.grad is not None
    assert parts.grad.isfinite().all()

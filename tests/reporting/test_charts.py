import re

import numpy as np
import pytest

from dirac.reporting import charts


def test_place_is_linear_between_the_limits() -> None:
    assert charts.place(-5, (-5, 15)) == 0
    assert charts.place(0, (-5, 15)) == 25
    assert charts.place(15, (-5, 15)) == 100


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((-4.2, 12.3), [0, 5, 10]),
        ((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ((0.0, 2000.0), [0, 500, 1000, 1500, 2000]),
    ],
)
def test_ticks_are_round_numbers_inside(limits: charts.Range, expected: list[float]) -> None:
    found = charts.ticks(limits, 5 if limits[1] < 100 else 4)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_decades_are_ones_twos_and_fives() -> None:
    np.testing.assert_allclose(charts.decades((0.15, 3)), [0.2, 0.5, 1, 2])


def test_numbers_are_short_with_a_true_minus() -> None:
    assert charts.number(-0.5) == "−0.5"
    assert charts.number(2000.0) == "2000"


def test_bars_grow_from_zero_to_both_sides() -> None:
    up, down = charts.bars([("a", "ours", 7.5, None), ("b", "baseline", -2.5, None)])
    assert (up.start, up.width, up.text) == (25, 75, "7.5")
    assert (down.start, down.width, down.text) == (0, 25, "−2.5")


def test_an_interval_is_as_wide_as_the_scale_says() -> None:
    (bar,) = charts.bars([("a", "ours", 6.0, (4.0, 10.0))])
    assert (bar.width, bar.interval) == (60, (40, 60))
    (bar,) = charts.bars([("a", "ours", -1.0, (-4.0, 1.0))])
    assert (bar.start, bar.width, bar.interval) == (60, 20, (0, 100))


def test_a_single_bar_fills_the_frame_and_zeros_are_empty() -> None:
    assert [(bar.start, bar.width) for bar in charts.bars([("a", "ours", 8.0, None)])] == [(0, 100)]
    assert [(bar.start, bar.width) for bar in charts.bars([("a", "ours", -8.0, None)])] == [
        (0, 100)
    ]
    assert [bar.width for bar in charts.bars([("a", "x", 0.0, None), ("b", "x", 0.0, None)])] == [
        0,
        0,
    ]


def test_five_numbers_leave_outliers_outside_the_whiskers() -> None:
    assert charts.five_numbers([1, 2, 3, 4, 5]) == (1, 2, 3, 4, 5)
    assert charts.five_numbers([1, 2, 3, 4, 5, 100])[4] == 5


def test_box_plot_places_and_missing_scores() -> None:
    plot = charts.box_plot("drums", [("a", "ours", [0, 5, 10]), ("b", "bound", [])], (-10, 10))
    assert plot.boxes[0].places == (50, 62.5, 75, 87.5, 100)
    assert plot.boxes[0].text == "a: median 5.0 dB, quartiles 2.5 to 7.5"
    assert plot.boxes[1].places is None
    assert plot.zero == 50
    (below,) = charts.box_plot("bass", [("2-D", "baseline", [-3, -3])], (-10, 10)).boxes
    assert below.text == "2-D: median −3.0 dB, quartiles −3.0 to −3.0"


def test_box_limits_hold_zero_and_every_whisker() -> None:
    low, high = charts.box_limits([[3, 4, 5], [], [-2, -1, 0]])
    assert low < -2
    assert high > 5
    assert charts.box_limits([]) == (-1, 1)


def test_thinning_keeps_the_mean_and_the_number_of_points() -> None:
    points = [(float(step), float(step % 2)) for step in range(100)]
    thin = charts.thinned(points, 10)
    assert len(thin) == 10
    assert all(loss == 0.5 for _, loss in thin)
    assert charts.thinned(points[:3], 10) == points[:3]


def test_loss_curve_falls_from_the_upper_left_to_the_lower_right() -> None:
    curve = charts.loss_curve("Prior", [(0, 1.0), (50, 0.1), (100, 0.01)], [(100, 0.02)], 240)
    places = [float(text) for text in re.findall(r"[\d.]+", curve.training)]
    xs, ys = places[::2], places[1::2]
    assert xs == [0, 50, 100]
    assert ys[0] < ys[1] < ys[2] <= 100
    assert ys[1] == pytest.approx((ys[0] + ys[2]) / 2, abs=0.01)  # equal ratios, equal steps
    assert "validation loss 0.02" in curve.text


def test_constant_loss_and_a_single_point_are_drawn() -> None:
    curve = charts.loss_curve("Prior", [(0, 0.5)], [], 240)
    assert curve.training == "M0.00 50.00"
    assert len(curve.losses) > 1

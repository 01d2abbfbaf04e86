"""Sub-volume statistics against the laws of independent voxels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.quantify import euler_number, relative_density, specific_surface_area
from napari_microgen.quantify.representative_volume import representative_volume_curve
from napari_microgen.quantify.voi import (
    measure_sub_volumes,
    overlap,
    statistics,
    sub_volumes,
)

CUBIC = (1.0, 1.0, 1.0)


def noise(shape, share=0.4, seed=0):
    return np.random.default_rng(seed).random(shape) < share


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 4)), min_size=1, max_size=3))
def test_boxes_lie_inside_and_overlap_is_that_of_painted_voxels(sides):
    shape = tuple(max(n, s) for n, s, _ in sides)
    size, count = tuple(s for _, s, _ in sides), tuple(k for *_, k in sides)
    boxes = sub_volumes(shape, size, count)
    assert len(boxes) == np.prod(count)
    painted = np.zeros(shape, int)
    for box in boxes:
        painted[box] += 1
        assert painted[box].shape == size
    report = overlap(boxes, shape)
    assert report.covered == pytest.approx((painted > 0).mean())
    assert report.shared == pytest.approx((painted > 1).sum() / (painted > 0).sum())


def test_side_by_side_boxes_do_not_overlap():
    report = overlap(sub_volumes((40, 41, 45), (20, 13, 9)), (40, 41, 45))
    assert (report.count, report.independent, report.shared, report.largest) == (30, 30, 0, 0)


def test_mean_spread_and_interval_of_independent_voxels():
    phase = noise((60, 60, 60))
    boxes = sub_volumes(phase.shape, (15, 15, 15))
    measured = finish(measure_sub_volumes(relative_density.measure, phase, CUBIC, boxes))
    density = statistics(measured, boxes, phase.shape)[0]
    assert density.value == pytest.approx(phase.mean())
    assert density.details["standard_deviation"] == pytest.approx(np.sqrt(0.24 / 15**3), rel=0.2)
    assert density.low < 0.4 < density.high
    assert density.reason is None
    assert density.details["interval_side_by_side"] == [density.low, density.high]
    assert "64 sub-volumes" in density.method


def test_overlap_is_said_and_widens_the_honest_interval():
    phase = noise((40, 40, 40))
    boxes = sub_volumes(phase.shape, (20, 20, 20), (4, 4, 4))
    measured = finish(measure_sub_volumes(relative_density.measure, phase, CUBIC, boxes))
    density = statistics(measured, boxes, phase.shape)[0]
    assert "overlap" in density.reason
    low, high = density.details["interval_side_by_side"]
    assert high - low > density.high - density.low
    assert density.details["overlap"]["side_by_side"] == 8


def test_undefined_values_are_left_out_and_named():
    phase = noise((20, 20, 20))
    boxes = [*sub_volumes(phase.shape, (10, 10, 10)), (slice(0, 1), slice(0, 9), slice(0, 9))]
    measured = finish(measure_sub_volumes(specific_surface_area.measure, phase, CUBIC, boxes))
    (surface,) = statistics(measured, boxes, phase.shape)
    assert surface.details["undefined_in"] == 1
    assert "fewer than two voxels" in surface.details["reasons"][0]
    assert surface.details["values"][-1] is None
    thin = [boxes[-1]]
    (nothing,) = statistics(measured[-1:], thin, phase.shape)
    assert nothing.value is None
    assert nothing.reason


def test_one_sub_volume_has_no_interval():
    phase = noise((10, 10, 10))
    boxes = sub_volumes(phase.shape, (10, 10, 10))
    measured = finish(measure_sub_volumes(euler_number.measure, phase, CUBIC, boxes))
    for feature in statistics(measured, boxes, phase.shape):
        assert feature.low is None
        assert "no interval" in feature.reason


def test_spread_falls_with_the_root_of_the_volume():
    phase = noise((96, 96, 96))
    curve = finish(
        representative_volume_curve(
            relative_density.measure,
            phase,
            CUBIC,
            "relative_density",
            fractions=(1 / 12, 1 / 6, 1 / 3),
            most=200,
        )
    )
    slopes = np.diff(np.log(curve["standard_deviation"])) / np.diff(np.log([8**3, 16**3, 32**3]))
    assert slopes == pytest.approx(-0.5, abs=0.12)
    assert curve["count"] == [200, 200, 27]
    assert curve["relative_half_width"][-1] < curve["relative_half_width"][0]


def test_bad_sizes_are_refused():
    for size, count in (((5, 5), None), ((11, 5, 5), None), ((5, 5, 5), (0, 1, 1))):
        with pytest.raises(ParameterError):
            sub_volumes((10, 10, 10), size, count)

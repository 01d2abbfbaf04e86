"""Copies of the nearest condition, and linear interpolation."""

import numpy as np
import pytest

from napari_microgen.compare.baselines import interpolated, linear_prediction, nearest_copies
from napari_microgen.compare.descriptors import NAMES, Descriptors
from napari_microgen.compare.halves import Side
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.compare.matching import shared_conditions
from napari_microgen.conditions import ConditionTable


def side(temperatures, slope=2.0):
    """Images whose every number is a line in the temperature."""
    t = np.array(temperatures, float)
    table = ConditionTable.from_columns({"T": t})
    rows = [np.full((len(t), n), slope) * t[:, None] for n in (len(NAMES), 5, 5, 5, 10, 100, 100, 5)]
    found = Descriptors(*rows, distance=np.arange(5.0), unit="px", pixel=1.0)
    images = of_arrays("real", np.zeros((len(t), 16, 16), np.uint8), table)
    return Side(images, found, np.zeros(len(t), int), np.arange(len(t)))


def coded(reference, wanted):
    conditions, _ = shared_conditions([("real", wanted.images.table), ("training", reference.images.table)])
    codes = conditions.codes(reference.images.table)
    return conditions, Side(reference.images, reference.descriptors, codes, reference.groups)


def test_linear_functions_are_predicted_exactly_inside():
    random = np.random.default_rng(0)
    for dimension in (1, 2, 3):
        points = random.random((12, dimension))
        slope = random.normal(size=(dimension, 4))
        wanted = points[:5].mean(axis=0)
        np.testing.assert_allclose(
            linear_prediction(points, points @ slope, wanted), wanted @ slope, atol=1e-9
        )


def test_outside_the_hull_a_line_is_drawn_on():
    points = np.linspace(0, 1, 6)[:, None]
    assert linear_prediction(points, 3 * points, np.array([1.5]))[0] == pytest.approx(4.5, rel=0.01)


def test_constant_conditions_do_not_matter():
    points = np.column_stack([np.linspace(0, 1, 5), np.zeros(5)])
    assert linear_prediction(points, 2 * points[:, :1], np.array([0.3, 0.0]))[0] == pytest.approx(0.6)


def test_interpolation_between_trained_conditions():
    conditions, reference = coded(side([10, 10, 20, 40, 40]), side([30]))
    found = interpolated(conditions, reference, leave_own_out=False)
    np.testing.assert_allclose(found.values, 60.0)
    np.testing.assert_allclose(found.rings, 60.0)


def test_without_a_training_set_a_condition_never_predicts_itself():
    conditions, reference = coded(side([10, 20, 40], slope=0.0), side([10, 20, 40]))
    reference.descriptors.values[1] = 1000.0
    found = interpolated(conditions, reference, leave_own_out=True)
    assert found.values[1, 0] == pytest.approx(0.0)


def test_the_nearest_condition_is_copied():
    conditions, reference = coded(side([10, 10, 20, 40]), side([12, 35]))
    copied = nearest_copies(conditions, reference, leave_own_out=False)
    assert copied.images.table["T"].tolist() == [10, 10, 40]
    assert copied.condition.tolist() == [0, 0, 1]


def test_copies_of_the_own_condition_are_left_out_where_asked():
    conditions, reference = coded(side([10, 20, 40]), side([10, 20, 40]))
    copied = nearest_copies(conditions, reference, leave_own_out=True)
    assert copied.images.table["T"].tolist() == [20, 10, 20]


def test_a_single_condition_has_nothing_to_copy_or_interpolate():
    conditions, reference = coded(side([10, 10]), side([10]))
    assert nearest_copies(conditions, reference, leave_own_out=True) is None
    assert interpolated(conditions, reference, leave_own_out=True) is None

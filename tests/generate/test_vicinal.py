"""Vicinal draws: targets of the right spread, images of the right neighbours, labels never mixed."""

import numpy as np
import pytest

from napari_microgen.conditions import ConditionTable
from napari_microgen.generate.conditioning import Encoder
from napari_microgen.generate.grey import GreyScale
from napari_microgen.generate.training_set import Micrograph, TrainingSet
from napari_microgen.generate.vicinal import vicinity


def training_set(columns, size=64, **options):
    table = ConditionTable.from_columns(columns, **options)
    planes = tuple(Micrograph(np.zeros((size, size), np.uint8), row) for row in range(len(table)))
    return TrainingSet(table, planes, GreyScale(0, 255, "uint8"), 8, None, None, "none", "0" * 64)


def drawn(columns, count=4000, width=0.3, size=64, **options):
    data = training_set(columns, size, **options)
    encoder = Encoder.fit(data.table, "standard")
    encoded = encoder.encode(data.table)
    around = vicinity(data, encoder.scaler, encoded, width=width)
    rows, targets = around.draw(count, encoded, np.random.default_rng(0))
    return data, encoded, rows, targets


def test_without_width_every_image_has_its_own_condition():
    _, encoded, rows, targets = drawn({"T": [0, 1, 2, 3], "p": [0, 1, 0, 1]}, width=0)
    np.testing.assert_array_equal(targets, encoded[rows])
    assert set(rows) == {0, 1, 2, 3}


def test_steps_have_the_size_of_the_distance_to_the_neighbour():
    _, encoded, _, targets = drawn({"T": [0.0, 1.0, 11.0]})
    steps = [np.abs(targets[:, 0, None] - encoded[:, 0]).argmin(1) == n for n in range(3)]
    spread = [float((targets[s, 0] - encoded[n, 0]).std()) for n, s in enumerate(steps)]
    apart = encoded[1, 0] - encoded[0, 0]
    assert spread[0] == pytest.approx(0.3 * apart, rel=0.15)
    assert spread[2] == pytest.approx(0.3 * 10 * apart, rel=0.15)


def test_images_come_from_the_nearest_conditions_the_nearer_the_likelier():
    _, encoded, rows, targets = drawn({"T": np.arange(6.0)})
    away = np.abs(targets[:, 0] - encoded[rows, 0]) / (encoded[1, 0] - encoded[0, 0])
    assert np.quantile(away, 0.95) < 1
    lent = np.abs(targets[:, 0, None] - encoded[:, 0]).argmin(1) != rows
    assert 0.01 < lent.mean() < 0.4


def test_labels_are_never_mixed():
    columns = {"T": [0.0, 1.0, 2.0, 0.0, 1.0, 2.0], "gas": list("aaabbb")}
    _, encoded, rows, targets = drawn(columns)
    np.testing.assert_array_equal(targets[:, 1:], encoded[rows, 1:])


def test_conditions_with_few_patches_lend_nothing():
    _, encoded, rows, targets = drawn({"T": [0.0, 1.0, 2.0]}, size=16)
    nearest = np.abs(targets[:, 0, None] - encoded[:, 0]).argmin(1)
    assert (np.abs(nearest - rows) <= 1).all()
    own = np.abs(targets[:, 0] - encoded[rows, 0]) / (encoded[1, 0] - encoded[0, 0])
    assert own.std() < 0.35


def test_a_constant_condition_stays_constant():
    _, encoded, _, targets = drawn({"T": [0.0, 1.0, 2.0], "p": [5.0, 5.0, 5.0]})
    np.testing.assert_array_equal(targets[:, 1], encoded[0, 1])


def test_one_condition_alone_stays_where_it_is():
    _, encoded, rows, targets = drawn({"T": [1.0, 1.0]})
    np.testing.assert_array_equal(targets, encoded[rows])


def test_every_distinct_condition_is_drawn_as_often():
    _, _, rows, _ = drawn({"T": [0.0, 0.0, 0.0, 0.0, 5.0]}, width=0)
    assert (rows == 4).mean() == pytest.approx(0.5, abs=0.05)


def around(columns, metric, count=3000):
    data = training_set(columns)
    encoder = Encoder.fit(data.table, "standard")
    encoded = encoder.encode(data.table)
    made = vicinity(data, encoder.scaler, encoded, metric=np.array(metric))
    return encoded, *made.draw(count, encoded, np.random.default_rng(0))


def test_only_the_ratios_of_a_metric_matter():
    columns = {"T": [0.0, 1.0, 2.0, 5.0], "p": [0.0, 3.0, 1.0, 2.0]}
    _, rows, targets = around(columns, [2.0, 0.5])
    _, other_rows, other_targets = around(columns, [8.0, 2.0])
    np.testing.assert_array_equal(rows, other_rows)
    np.testing.assert_allclose(targets, other_targets, rtol=1e-5)


def test_steps_are_longer_along_a_condition_that_matters_less():
    columns = {"T": [0.0, 1.0, 2.0, 3.0], "p": [0.0, 3.0, 1.0, 2.0]}
    encoded, _, targets = around(columns, [9.0, 1.0])
    nearest = np.abs(targets[:, None] - encoded[None]).sum(2).argmin(1)
    steps = targets - encoded[nearest]
    assert steps[:, 1].std() > 1.5 * steps[:, 0].std()

"""Encodings are exact at the training values, continuous in between, and survive JSON."""

import json

import numpy as np
import pytest

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import ModelFileError, TableError
from napari_microgen.generate.conditioning import Encoder, shares

TABLE = ConditionTable.from_columns(
    {
        "T": [700, 800, 900, 1000, None],
        "time": [1, 10, 100, 1000, 10],
        "cooling": ["air", "water", "air", "oil", "air"],
    },
    units={"T": "C", "time": "min"},
    transforms={"time": "log"},
)
KINDS = ["minmax", "standard", "levels", "bins"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_survives_json(kind):
    encoder = Encoder.fit(TABLE, kind)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    np.testing.assert_array_equal(again.encode(TABLE), encoder.encode(TABLE))
    assert encoder.encode(TABLE).shape == (5, encoder.width)
    assert encoder.width == sum(encoder.groups)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_and_tables_are_encoded_alike(kind):
    encoder = Encoder.fit(TABLE, kind)
    np.testing.assert_allclose(encoder.encode(list(TABLE.rows())), encoder.encode(TABLE))


def test_levels_give_each_value_its_own_column_and_share_between_two():
    encoder = Encoder.fit(TABLE, "levels")
    assert encoder.groups == (5, 4, 3)
    found = encoder.encode([{"T": 750, "time": 10**0.5, "cooling": "oil"}])[0]
    np.testing.assert_allclose(found, [0.5, 0.5, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 1, 0], atol=1e-6)
    missing = encoder.encode([{"T": None, "time": 1, "cooling": "air"}])[0]
    np.testing.assert_array_equal(missing[:5], [0, 0, 0, 0, 1])


@pytest.mark.parametrize("value", [-5.0, 0.0, 0.3, 1.0, 2.5, 4.0, 9.0])
def test_shares_add_up_to_one_and_meet_the_value(value):
    levels = np.array([0.0, 1.0, 4.0])
    found = shares(np.array([value]), levels)[0]
    assert found.sum() == pytest.approx(1)
    assert found @ levels == pytest.approx(np.clip(value, 0, 4))


def test_bins_are_thirds_of_the_range():
    encoder = Encoder.fit(TABLE, "bins")
    assert encoder.labelled == (True, True, True)
    one, two = encoder.encode(
        [{"T": 799, "time": 1, "cooling": "air"}, {"T": 701, "time": 9, "cooling": "air"}]
    )
    np.testing.assert_array_equal(one, two)
    other = encoder.encode([{"T": 801, "time": 1, "cooling": "air"}])[0]
    assert (one[:4] != other[:4]).any()


def test_a_bin_without_images_keeps_its_column():
    table = ConditionTable.from_columns({"x": [0.0, 1.0, 100.0]})
    encoder = Encoder.fit(table, "bins")
    assert encoder.width == 3
    assert encoder.encode([{"x": 50.0}]).sum() == 1


def test_an_unknown_label_is_refused():
    for kind in KINDS:
        with pytest.raises(TableError, match="cooling"):
            Encoder.fit(TABLE, kind).encode([{"T": 700, "time": 1, "cooling": "vacuum"}])


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "pickle"},
        {"levels": [[1, 1]]},
        {"levels": "abc"},
        {"edges": [[3, 2, 1]]},
        {"scaler": None},
        {"conditions": [["T"]]},
        {"levels": [[0.0]] * 2},
    ],
)
def test_damaged_encoders_are_refused(damage):
    content = Encoder.fit(TABLE, "levels").to_dict() | damage
    with pytest.raises(ModelFileError):
        Encoder.from_dict(content)

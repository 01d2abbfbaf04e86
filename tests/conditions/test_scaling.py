import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.conditions import ConditionTable, Scaler
from napari_microgen.errors import ModelFileError, ParameterError, TableError

NUMBERS = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6)


@st.composite
def condition_tables(draw):
    """Tables of one to four conditions of all kinds and scales, some values missing."""
    rows = draw(st.integers(2, 8))
    columns, transforms = {}, {}
    for number in range(draw(st.integers(1, 4))):
        name = f"c{number}"
        kind = draw(st.sampled_from(["identity", "log", "log1p", "labels"]))
        value = {
            "identity": NUMBERS,
            "log": st.floats(1e-6, 1e6),
            "log1p": st.floats(0, 1e6),
            "labels": st.sampled_from(["air", "water", "oil"]),
        }[kind]
        cells = [draw(value), *draw(st.lists(st.none() | value, min_size=rows - 1, max_size=rows - 1))]
        columns[name] = cells
        if kind != "labels":
            transforms[name] = kind
    return ConditionTable.from_columns(columns, transforms=transforms)


@given(condition_tables(), st.sampled_from(["minmax", "standard"]))
def test_decoding_undoes_encoding(table, kind):
    scaler = table.scaler(kind)
    encoded = scaler.encode(table)
    assert encoded.shape == (len(table), scaler.width) == (len(table), len(scaler.columns))
    for row, found in zip(table.rows(), scaler.decode(encoded), strict=True):
        for part in scaler.parts:
            name, known = part.condition.name, row[part.condition.name]
            if isinstance(known, float):
                scale = (
                    max(abs(part.low), abs(part.high), 1.0) if part.condition.transform != "log" else known
                )
                assert found[name] == pytest.approx(known, abs=1e-4 * scale)
            else:
                assert found[name] == known


@given(condition_tables())
def test_minmax_fills_zero_to_one_and_survives_json(table):
    scaler = table.scaler()
    encoded = scaler.encode(table)
    assert encoded.min() >= -1e-6
    assert encoded.max() <= 1 + 1e-6
    again = Scaler.from_json(scaler.to_json())
    assert again == scaler
    np.testing.assert_array_equal(again.encode(table), encoded)


def test_standardised_columns_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    table = ConditionTable.from_columns(
        {"a": rng.uniform(3, 9, 50), "b": rng.lognormal(size=50)}, transforms={"b": "log"}
    )
    encoded = table.scaled("standard")
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-5)


def test_a_log_scale_puts_decades_at_equal_steps():
    table = ConditionTable.from_columns({"t": [1, 10, 100]}, transforms={"t": "log"})
    np.testing.assert_allclose(table.scaled()[:, 0], [0, 0.5, 1], atol=1e-7)


def test_missing_values_have_their_own_column_only_where_they_occur():
    table = ConditionTable.from_columns(
        {"T": [1.0, math.nan, 3.0], "p": [1, 2, 3], "gas": ["Ar", None, "N2"]}
    )
    scaler = table.scaler()
    assert scaler.columns == ("T", "T?", "p", "gas=Ar", "gas=N2", "gas?")
    assert scaler.encode(table)[1].tolist() == [0, 1, 0.5, 0, 0, 1]
    with pytest.raises(TableError, match=r"p is missing for row 1.*Give a value"):
        scaler.encode([{"T": 1, "p": None, "gas": "Ar"}])


def test_a_constant_condition_encodes_to_nothing_but_a_change_is_seen():
    scaler = ConditionTable.from_columns({"O": [3.0, 3.0], "T": [1, 2]}).scaler()
    assert scaler.encode([{"O": 3, "T": 1}, {"O": 6, "T": 1}])[:, 0].tolist() == [0, 1]
    assert scaler.parts[0].constant
    assert not scaler.parts[1].constant


@pytest.mark.parametrize("kind", ["minmax", "standard"])
@pytest.mark.parametrize(
    ("values", "transform"),
    [
        ((1e6, np.nextafter(1e6, 2e6)), "log"),
        ((1e6, np.nextafter(1e6, 2e6)), "log1p"),
        ((3.0, 3.0 + 1e-12), "identity"),
        ((3.0, 3.0 + 1e-12), "log"),
        ((5e-324, 1e-323), "identity"),
        ((5e-324, 1e-323), "log1p"),
    ],
)
def test_values_that_hardly_differ_are_constant(values, transform, kind):
    scaler = ConditionTable.from_columns({"T": values}, transforms={"T": transform}).scaler(kind)
    assert np.abs(scaler.encode([{"T": values[0]}, {"T": values[1]}])).max() < 1e-6
    assert Scaler.from_json(scaler.to_json()) == scaler


def test_columns_may_stand_in_any_order():
    table = ConditionTable.from_columns({"T": [1, 2], "p": [5, 9]})
    turned = table.select(names=["p", "T"])
    np.testing.assert_array_equal(table.scaler().encode(turned), table.scaled())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"T": 1}, r"not given: gas.*Expected T \[C\], gas"),
        ({"T": 1, "gas": "Ar", "x": 2}, "unknown: x"),
        ({"T": 1, "gas": "He"}, "gas has no He; it knows Ar, N2"),
        ({"T": "hot", "gas": "Ar"}, "no numbers"),
    ],
)
def test_conditions_that_do_not_fit_are_named(row, words):
    table = ConditionTable.from_columns({"T": [1, 2], "gas": ["Ar", "N2"]}, units={"T": "C"})
    with pytest.raises(TableError, match=words):
        table.scaler().encode([row])


def test_another_unit_is_refused_not_converted_in_silence():
    scaler = ConditionTable.from_columns({"T": [1, 2]}, units={"T": "C"}).scaler()
    with pytest.raises(TableError, match=r"T \[K\].*does not fit T \[C\]"):
        scaler.encode(ConditionTable.from_columns({"T": [1]}, units={"T": "K"}))


def test_nothing_to_fit_to_is_named():
    with pytest.raises(TableError, match="missing in every row"):
        ConditionTable.from_columns({"T": [None, None]}).scaler()
    with pytest.raises(ParameterError, match="minmax or standard"):
        ConditionTable.from_columns({"T": [1]}).scaler("robust")


DAMAGE = {
    "no parts": lambda c: c.update(parts=[]),
    "parts a number": lambda c: c.update(parts=7),
    "another version": lambda c: c.update(microgen_scaler=99),
    "another kind": lambda c: c.update(kind="robust"),
    "span zero": lambda c: c["parts"][0].update(span=0),
    "span a text": lambda c: c["parts"][0].update(span="wide"),
    "centre infinite": lambda c: c["parts"][0].update(centre=math.inf),
    "twice one name": lambda c: c["parts"].append(c["parts"][0]),
    "labels numbers": lambda c: c["parts"][1].update(categories=[1, 2]),
    "labels gone": lambda c: c["parts"][1].update(categories=[]),
    "strange field": lambda c: c["parts"][0]["condition"].update(code="x"),
    "transform unknown": lambda c: c["parts"][0]["condition"].update(transform="exec"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_scaler_is_refused(damage):
    content = json.loads(ConditionTable.from_columns({"T": [1, 2], "gas": ["Ar", "N2"]}).scaler().to_json())
    DAMAGE[damage](content)
    with pytest.raises(ModelFileError):
        Scaler.from_dict(content)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"scaler"'])
def test_what_is_no_scaler_is_refused(text):
    with pytest.raises(ModelFileError):
        Scaler.from_json(text)

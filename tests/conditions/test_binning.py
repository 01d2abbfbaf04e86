import numpy as np
import pytest

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import ParameterError, TableError


def table(values, **options):
    return ConditionTable.from_columns({"rate": values}, **options)


def test_thirds_of_the_range():
    bins = table([1.0, 1.5, 2.0, 7.0]).bins("rate")
    assert bins.edges == pytest.approx((1, 3, 5, 7))
    assert bins.label([1, 3, 4.9, 5, 7]).tolist() == ["low", "mid", "mid", "high", "high"]


def test_quantiles_share_the_rows():
    values = np.random.default_rng(0).lognormal(size=300)
    index = table(values).bins("rate", 3, "quantile").index(values)
    assert np.bincount(index).tolist() == [100, 100, 100]


def test_thirds_of_a_log_range_are_factors():
    assert table([1, 10, 1000], transforms={"rate": "log"}).bins("rate").edges == pytest.approx(
        (1, 10, 100, 1000)
    )


def test_missing_values_have_no_bin_and_values_outside_go_to_the_ends():
    bins = table([1, 2, 3, 10], transforms={"rate": "log"}).bins("rate")
    assert bins.index([np.nan, -5, 0.1, 1e9]).tolist() == [-1, 0, 0, 2]
    assert bins.label([np.nan]).tolist() == [""]


def test_a_binned_table_has_labels():
    binned = table([1.0, 5.0, 9.0, None]).bins("rate").apply(table([1.0, 5.0, 9.0, None]))
    assert binned["rate"].tolist() == ["low", "mid", "high", ""]
    assert binned.facts["bins of rate"] == pytest.approx([1, 11 / 3, 19 / 3, 9])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: table([1, 1, 2]).bins("rate"), "fewer than 3 different"),
        (lambda: table([1, 1, 1, 1, 2, 3]).bins("rate", of="quantile"), "repeat so often"),
        (lambda: table(["a", "b"]).bins("rate"), "labels already"),
    ],
)
def test_bins_that_cannot_be_are_named(make, words):
    with pytest.raises(TableError, match=words):
        make()


def test_senseless_bins_are_refused():
    with pytest.raises(ParameterError, match="at least 2"):
        table([1, 2]).bins("rate", 1)
    with pytest.raises(ParameterError, match="range or quantile"):
        table([1, 2]).bins("rate", 2, "kmeans")

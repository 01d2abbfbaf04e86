"""Plots of a table: the arrays are those of the measuring run, areas are 1, every plot has its unit."""

import csv
import io
import json

import numpy as np
import pytest

from napari_microgen.features import FeatureTable, table_of_dict
from napari_microgen.quantify.plots import plots_of, to_csv
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume

EDGES = (25.0, 18.6, 18.6)
TITLES = {
    "Strut diameter",
    "Local thickness",
    "Curvature density",
    "Two-point correlation",
    "Chord length",
    "Lineal path",
    "Tortuosity by depth",
    "Tortuosity distribution",
}


def blobs(shape, seed=5):
    from scipy import ndimage as ndi

    smooth = ndi.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3)
    return (smooth > np.quantile(smooth, 0.45)).astype(np.uint8)


@pytest.fixture(scope="module")
def table():
    return quantify(Volume(blobs((40, 72, 72)), "ZYX", EDGES, "nm"))


@pytest.fixture(scope="module")
def plots(table):
    return {plot.title: plot for plot in plots_of(table)}


def test_a_volume_has_every_plot(plots):
    assert set(plots) == TITLES


def test_an_image_has_its_own(table):
    flat = quantify(Volume(blobs((200, 200)), "YX", EDGES[1:], "nm"))
    titles = {plot.title for plot in plots_of(flat)}
    assert {"Feret diameter", "Local thickness", "Chord length", "Two-point correlation"} <= titles
    assert not {"Strut diameter", "Curvature density"} & titles


@pytest.mark.parametrize("title", ["Strut diameter", "Local thickness"])
def test_a_histogram_is_a_density_and_has_a_fit(plots, title):
    bars = plots[title].bars
    assert (bars.heights * np.diff(bars.edges)).sum() == pytest.approx(1)
    (fit,) = plots[title].lines
    assert fit.name == "log-normal fit"
    assert fit.dashed
    width = fit.x[1] - fit.x[0]
    assert (fit.y * width).sum() == pytest.approx(1, abs=0.1)
    assert plots[title].x.unit == "um"


def test_the_strut_histogram_is_that_of_the_feature(plots, table):
    details = table["strut_diameter"].details
    bars = plots["Strut diameter"].bars
    np.testing.assert_array_equal(bars.edges, details["distribution"]["edges"])
    share = np.array(details["distribution"]["counts"]) / details["struts"]
    np.testing.assert_allclose(bars.heights * np.diff(bars.edges), share)
    assert f"{details['struts']} struts" in plots["Strut diameter"].notes
    assert f"{details['ks_distance']:.3f}" in plots["Strut diameter"].notes[-1]


def test_the_curvature_density_has_the_quadrants_of_the_feature(plots, table):
    heat = plots["Curvature density"].heat
    shares = table["mean_curvature"].details["quadrants"]
    words = ("cap", "cup", "saddle concave", "saddle convex")
    for word, corner in zip(words, heat.corners, strict=True):
        assert corner == f"{word} {100 * shares[word.replace(' ', '_')]:.0f} %"
    assert heat.values.shape == (len(heat.x), len(heat.y))
    m, g = np.meshgrid(heat.x, heat.y, indexing="ij")
    over = heat.values[g > m**2].sum() / heat.values.sum()
    assert over < 0.15, "no surface has G above M squared, but for the width of the kernel"


def test_tortuosity_by_depth_ends_at_the_length_and_at_the_value(plots, table):
    for line in plots["Tortuosity by depth"].lines:
        axis = {"plane": 0, "row": 1, "column": 2}[line.name[:-1]]
        n, edge = (40, 72, 72)[axis], EDGES[axis] / 1000
        assert line.x[-1] == pytest.approx((n - 0.5) * edge)
        last = line.x > 0.75 * n * edge
        value = table[f"geodesic_tortuosity.{line.name}"].value
        assert np.nanmean(line.y[last]) == pytest.approx(value, rel=0.01)


def test_correlation_starts_at_the_fraction_and_names_its_limit(plots, table):
    curve, limit = plots["Two-point correlation"].lines
    density = table["relative_density"].value
    assert curve.y[0] == pytest.approx(density)
    assert limit.dashed
    np.testing.assert_allclose(limit.y, density**2)


def test_nothing_is_lost_on_the_way_through_json(table, plots):
    content = json.loads(json.dumps(table.as_dict()))
    again = {plot.title: plot for plot in plots_of(table_of_dict(content, table.facts))}
    assert set(again) == set(plots)
    for title, plot in plots.items():
        assert to_csv(again[title]) == to_csv(plot)


def test_csv_has_named_columns_with_units_and_all_numbers(plots):
    rows = list(csv.reader(io.StringIO(to_csv(plots["Strut diameter"]))))
    assert rows[0][:2] == ["strut diameter [um] from", "strut diameter [um] to"]
    assert all(len(row) == len(rows[0]) for row in rows)
    starts = [float(row[0]) for row in rows[1:] if row[0]]
    np.testing.assert_array_equal(starts, plots["Strut diameter"].bars.edges[:-1])


def test_representative_volumes_are_followed_over_their_size():
    volume = Volume(blobs((40, 48, 48)), "ZYX", (20.0, 20.0, 20.0), "nm")
    found = quantify(volume, features=("relative_density", "porosity"), voi_curve=True)
    (plot,) = plots_of(found)
    assert plot.title == "Representative volume"
    assert [line.name for line in plot.lines] == ["relative density", "porosity"]
    assert np.all(np.diff(plot.lines[0].x) > 0)
    assert plot.lines[0].y[0] > plot.lines[0].y[-1]


def test_features_without_distributions_have_no_plot():
    assert plots_of(FeatureTable()) == ()
    flat = quantify(Volume(np.ones((8, 8, 8), np.uint8), "ZYX", EDGES, "nm"))
    assert all(plot.lines or plot.heat is not None for plot in plots_of(flat))

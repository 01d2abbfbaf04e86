"""Drawn diagrams: hatching where a flag says, ticks where values lie, windows, contours; PNG and SVG."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from napari_microgen.zones.axes import Axis
from napari_microgen.zones.contours import coloured, contour_lines
from napari_microgen.zones.diagram_panels import boundaries
from napari_microgen.zones.hatching import HATCHES, hatched, strokes
from napari_microgen.zones.panel_png import LEFT, TOP, drawn
from napari_microgen.zones.panel_svg import svg
from napari_microgen.zones.panels import OUTLINE, Frame, Panel, Spot, grey_picture, of_corners

FRAME = Frame(Axis("temperature", "C", 20.0, 600.0, 4), Axis("time", "h", 1.0, 1000.0, 2, "log"), cells=True)


def panel(**changes):
    flags = np.array([["extrapolated"] * 2 + ["gap", "seen"], ["interpolated"] * 4])
    spots = [Spot(i, 1 - j, str(flags[j, i]), f"cell {i} <{j}>") for j in range(2) for i in range(4)]
    picture = grey_picture(np.full((2, 4), 100), 0, 255)
    given = {
        "flags": flags,
        "spots": spots,
        "keys": [("fine", (0, 114, 178))],
        "marks": ["gap", "extrapolated"],
    }
    given |= {
        "bar": (0.0, 1.0, "probability"),
        "rings": of_corners([np.array([[0, 0], [0, 2], [1, 2], [1, 0]])], 4, 2),
    }
    return Panel("collage", "title", picture, **(given | changes))


def test_each_flag_has_its_own_hatch():
    shapes = {flag: strokes(flag, (48, 48)).tobytes() for flag in HATCHES}
    assert len(set(shapes.values())) == len(shapes)
    assert not strokes("interpolated", (48, 48)).any(), "cells that can be believed stay clean"
    assert len({hatch.colour for hatch in HATCHES.values()}) == len(HATCHES)


def test_hatching_is_drawn_where_the_flag_is_and_nowhere_else():
    flags = np.full((60, 80), "interpolated", dtype="U12")
    flags[:, 40:] = "extrapolated"
    grey = np.full((60, 80, 3), 90, np.uint8)
    marked = (hatched(grey, flags) != grey).any(axis=2)
    assert not marked[:, :40].any()
    assert 0.04 < marked[:, 40:].mean() < 0.3, "visible, yet the picture shows through"
    assert (hatched(grey, flags)[marked] == HATCHES["extrapolated"].colour).all()


def test_marks_can_be_seen_on_every_colour():
    flags = np.full((48, 48), "gap", dtype="U12")
    for colour in [(230, 159, 0), (0, 0, 0), (255, 255, 255), (68, 1, 84), (253, 231, 37)]:
        picture = np.full((48, 48, 3), colour, np.uint8)
        marked = hatched(picture, flags, coloured=True)[strokes("gap", (48, 48))].astype(int)
        weights = np.array([0.299, 0.587, 0.114])
        assert (abs((marked - colour) @ weights) > 80).all(), colour
    assert 'id="gap-light"' in svg(panel(coloured=True), FRAME)
    assert "url(#gap-light)" in svg(panel(coloured=True), FRAME), "the picture is dark grey there"


def test_the_drawn_picture_hatches_the_right_cells():
    picture = drawn(panel(rings=()), FRAME)
    side = panel().enlargement

    def share(row, column, flag):
        cell = picture[TOP + row * side :, LEFT + column * side :][:side, :side]
        return (cell == HATCHES[flag].colour).all(axis=2).mean()

    assert share(0, 0, "extrapolated") > 0.03
    assert share(0, 2, "gap") > 0.03
    assert share(1, 1, "extrapolated") == share(1, 1, "gap") == 0


def test_the_outline_of_a_window_is_drawn_around_its_cells():
    picture = drawn(panel(flags=None), FRAME)
    side, red = panel().enlargement, (drawn(panel(flags=None), FRAME) == OUTLINE).all(axis=2)
    rows, columns = np.nonzero(red)
    bottom = TOP + 2 * side
    assert abs(rows.max() - bottom) <= 3, "row 0 of the cells is at the low end"
    assert abs(rows.min() - (bottom - side)) <= 3
    assert abs(columns.min() - LEFT) <= 3
    assert abs(columns.max() - (LEFT + 2 * side)) <= 3
    assert picture.dtype == np.uint8


def test_values_lie_in_the_middle_of_their_cells():
    np.testing.assert_allclose(FRAME.across(FRAME.x.values()), (np.arange(4) + 0.5) / 4)
    np.testing.assert_allclose(FRAME.up(FRAME.y.values()), [0.25, 0.75])
    np.testing.assert_allclose(Frame(FRAME.x, FRAME.y, cells=False).across(np.array([20, 600.0])), [0, 1])


def test_svg_is_whole_and_says_everything():
    text = svg(panel(), FRAME)
    root = ElementTree.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    words = " ".join(e.text or "" for e in root.iter(f"{space}text"))
    assert "temperature [C]" in words
    assert "time [h]" in words
    assert "extrapolated: a guess" in words
    titles = [e.text for e in root.iter(f"{space}title")]
    assert len(titles) == 8
    assert "cell 0 <0>" in titles
    hatches = [e.get("fill") for e in root.iter(f"{space}rect") if (e.get("fill") or "").startswith("url")]
    assert hatches.count("url(#extrapolated)") == 3, "two cells and the legend"
    patterns = {e.get("id") for e in root.iter(f"{space}pattern")}
    assert {h[5:-1] for h in hatches} <= patterns
    assert len(list(root.iter(f"{space}polygon"))) == 2


def test_the_same_panel_gives_the_same_bytes():
    assert svg(panel(), FRAME) == svg(panel(), FRAME)
    np.testing.assert_array_equal(drawn(panel(), FRAME), drawn(panel(), FRAME))


def test_contours_of_a_slope_are_straight_and_at_their_values():
    values = np.add.outer(np.zeros(6), np.arange(9.0))
    lines = contour_lines(values, 4)
    assert [level for level, _ in lines] == [2.0, 4.0, 6.0]
    for level, line in lines:
        np.testing.assert_allclose(line[:, 0], level)
        assert {line[0, 1], line[-1, 1]} == {0.0, 5.0}


def test_contours_stop_where_a_value_is_undefined():
    values = np.add.outer(np.zeros(6), np.arange(9.0))
    values[3:, :] = np.nan
    assert all(line[:, 1].max() <= 2 for _, line in contour_lines(values, 4))
    assert contour_lines(np.full((4, 4), np.nan)) == []
    assert contour_lines(np.ones((4, 4))) == []


def test_values_as_colours():
    rgb = coloured(np.array([[0.0, 1.0, np.nan]]), 0.0, 1.0)
    assert tuple(rgb[0, 2]) == (255, 255, 255)
    grey = coloured(np.linspace(0, 1, 50)[None], 0.0, 1.0).astype(float) @ [0.299, 0.587, 0.114]
    assert (np.diff(grey[0]) > 0).all(), "brightness rises with the value"


def test_class_boundaries_run_between_different_cells_only():
    found = boundaries(np.array([[0, 0, 1], [2, 0, 1]]))
    assert len(found) == 4
    lengths = [np.abs(line[1] - line[0]).sum() for line in found]
    assert lengths == pytest.approx([1 / 2, 1 / 2, 1 / 2, 1 / 3])

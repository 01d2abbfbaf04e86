"""Dots of a chart: a click chooses the nearest, a ring marks it, the mouse reads its name."""

import csv
import io

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_microgen.quantify.plots import Axis, Line, Plot, Points, to_csv
from napari_microgen.widgets.chart import Chart
from napari_microgen.widgets.chart_painting import legend_of, line_colours, point_colour


@pytest.fixture
def plot():
    x = np.array([3.0, 5.0, 6.0, 9.0])
    first = Points(name="grains", x=x, y=0.2 * x, words=("a", "b", "c", "d"))
    second = Points(name="others", x=x, y=np.array([2.0, np.nan, 2.5, 3.0]))
    fit = Line(name="fit", x=x[[0, -1]], y=0.2 * x[[0, -1]], dashed=True)
    joined = Line(name="others", x=x, y=second.y)
    return Plot(
        title="t", x=Axis(name="n"), y=Axis(name="R", unit="um"), points=(first, second), lines=(fit, joined)
    )


@pytest.fixture
def chart(plot, qtbot):
    chart = Chart()
    qtbot.addWidget(chart)
    chart.resize(420, 320)
    chart.show_plot(plot)
    chart.show()
    qtbot.waitExposed(chart)
    chart.grab()
    return chart


@pytest.mark.parametrize(("series", "index"), [(0, 0), (0, 3), (1, 2)])
def test_a_click_beside_a_dot_chooses_it(chart, series, index):
    chosen = []
    chart.picked.connect(lambda *found: chosen.append(found))
    spot = chart.spot_of(series, index).toPoint() + QPoint(3, -3)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=spot)
    assert chosen == [(series, index)]
    assert chart.marked == (series, index)


def test_a_click_far_from_all_dots_chooses_none(chart):
    chosen = []
    chart.picked.connect(lambda *found: chosen.append(found))
    far = (chart.spot_of(0, 3) + chart.spot_of(0, 0)) / 2
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=far.toPoint() + QPoint(0, 40))
    assert chosen == []
    assert chart.marked is None


def test_the_ring_is_drawn_around_the_dot_and_goes(chart):
    def pixels():
        image = chart.grab().toImage().convertToFormat(chart.grab().toImage().Format.Format_RGB32)
        spot = chart.spot_of(0, 2).toPoint()
        return [image.pixelColor(spot.x() + dx, spot.y()).name() for dx in (-7, -6, -5, 5, 6, 7)]

    before = pixels()
    chart.mark(0, 2)
    assert pixels() != before
    chart.mark(0, -1)
    assert pixels() == before


def test_the_mouse_reads_name_and_values(chart):
    assert chart.reading(chart.spot_of(0, 1)) == "b: n 5, R 1 µm"
    assert chart.reading(chart.spot_of(1, 0)) == "others: n 3, R 2 µm"


def test_dots_are_within_the_frame_and_in_the_file(chart, plot):
    frame = chart._drawn.frame
    assert all(frame.adjusted(2, 2, -2, -2).contains(chart.spot_of(0, k)) for k in range(4))
    rows = list(csv.reader(io.StringIO(to_csv(plot))))
    assert rows[0][:4] == ["grains: n", "grains: R [um]", "others: n", "others: R [um]"]
    assert float(rows[2][1]) == 1.0


def test_a_line_through_dots_has_their_colour_and_no_second_name(plot):
    assert [name for name, _, _ in legend_of(plot)] == ["grains", "others", "fit"]
    assert line_colours(plot)[1].name() == point_colour(1)
    assert line_colours(plot)[0].name() not in (point_colour(0), point_colour(1))

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from napari_microgen.regress.importance import global_importance
from napari_microgen.regress.plots import axis_name, beeswarm, importance_bars, parity, residuals
from napari_microgen.regress.svg import Canvas, nice_ticks, padded

SVG = "{http://www.w3.org/2000/svg}"
TARGET = np.array([1.0, 2.0, 3.0, 4.0])
PREDICTED = np.array([1.1, 1.9, 3.3, 3.9])
SAMPLES = ["a", "b", "c<d", "e&f"]


def circles(text):
    root = ET.fromstring(text)
    return [c for c in root.iter(f"{SVG}circle") if c.find(f"{SVG}title") is not None]


def test_points_lie_where_the_data_says():
    found = circles(parity(TARGET, PREDICTED, SAMPLES, name="sigma (S/cm)"))
    x = [float(c.get("cx")) for c in found]
    y = [float(c.get("cy")) for c in found]
    assert np.corrcoef(x, TARGET)[0, 1] == pytest.approx(1, abs=1e-4)
    assert np.corrcoef(y, PREDICTED)[0, 1] == pytest.approx(-1, abs=1e-4)
    assert found[2].find(f"{SVG}title").text.startswith("c<d: 3")


def test_parity_has_equal_axes():
    canvas = Canvas((0.0, 10.0), (0.0, 10.0))
    assert canvas.x(10) > canvas.x(0)
    assert canvas.y(10) < canvas.y(0)


def test_groups_have_a_legend_and_colours():
    text = parity(TARGET, PREDICTED, SAMPLES, name="s", groups=["HPA", "HPA", "NPC", "NPC"])
    colours = [c.get("fill") for c in circles(text)]
    assert len(set(colours)) == 2
    assert ">HPA<" in text
    assert ">NPC<" in text


def test_residuals_are_drawn_about_zero():
    found = circles(residuals(PREDICTED, TARGET - PREDICTED, SAMPLES, name="s"))
    y = np.array([float(c.get("cy")) for c in found])
    assert np.corrcoef(y, PREDICTED - TARGET)[0, 1] == pytest.approx(1, abs=1e-4)


def test_bars_and_swarm_follow_the_order_of_importance():
    values = np.array([[0.5, -3.0], [-0.5, 3.0], [0.4, -2.0], [-0.4, 2.0]])
    importance = global_importance(["SA", "alpha"], values)
    bars = ET.fromstring(importance_bars(importance, unit="S/cm", intervals=[(2.0, 3.0), None]))
    rectangles = [r for r in bars.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    assert [r.find(f"{SVG}title").text for r in rectangles] == ["alpha: 2.5", "SA: 0.45"]
    width = [float(r.get("width")) for r in rectangles]
    assert width[0] / width[1] == pytest.approx(2.5 / 0.45, rel=0.01)
    swarm = beeswarm(importance, values, SAMPLES, unit="S/cm")
    assert len(circles(swarm)) == 8
    assert "c&lt;d: alpha" in swarm


def test_crowded_points_do_not_lie_on_each_other():
    values = np.zeros((9, 1))
    found = circles(beeswarm(global_importance(["x"], values), values, [str(i) for i in range(9)], unit="1"))
    places = {(c.get("cx"), c.get("cy")) for c in found}
    assert len(places) == 9


@pytest.mark.parametrize("values", [[5.0, 5.0], [0.0, 0.0], [-1e-300, 1e300], [-3.0, 8.0]])
def test_any_range_can_be_drawn(values):
    text = parity(np.array(values), np.array(values), ["a", "b"], name="s")
    assert "nan" not in text
    assert "inf" not in text


def test_pictures_hold_no_links_and_no_scripts():
    text = parity(TARGET, PREDICTED, ["<script>", "b", "c", "d"], name="<b>", title='"quoted" & <i>')
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(text).iter()}
    assert tags <= {"svg", "rect", "line", "circle", "title", "text"}
    assert "href" not in text


def test_ticks():
    assert nice_ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert nice_ticks(3.0, 3.0) == [3.0]
    assert padded(np.array([2.0, 2.0])) == (1.88, 2.12)
    assert axis_name("D", None) == "D"

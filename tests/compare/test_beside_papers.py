"""What the papers print stands apart from what was measured here."""

import re
from types import SimpleNamespace

import numpy as np

from napari_microgen.compare.beside_papers import beside_papers
from napari_microgen.compare.papers_page import papers_part, targets_part
from napari_microgen.compare.persistence_plots import persistence_scatter, projected
from napari_microgen.compare.targets import judged


def entry(value, floor=0.99, **baselines):
    names = ("nearest_condition_copy", "linear_interpolation", "paper_model")
    known = {name: baselines.get(name) for name in names}
    interval = None if value is None else [value - 0.1, value + 0.1]
    return {"value": value, "floor": floor, "baselines": known, "interval_95": interval}


PHYSICAL = ("relative_density", "specific_perimeter", "shape_index", "three_descriptors")
TOPOLOGY = ("persistence_image.auc", "persistence_image.l2", "area_fraction.points")


def metrics_of(*labels):
    found = {f"{name}.r2[{label}]": entry(0.5, paper_model=0.1) for name in PHYSICAL for label in labels}
    found |= {f"feret_diameter.{k}[seen]": entry(2.0) for k in ("mape", "worst", "bias", "r2")}
    return found | {name: entry(0.6, floor=0.5) for name in TOPOLOGY}


ROW = {"support": "seen", "numbers": dict.fromkeys(TOPOLOGY, 0.7), "numbers_floor": {}}


def test_printed_rows_come_first_and_ours_below():
    tables = beside_papers(metrics_of("material=a", "material=b", "mean", "worst"), [ROW, ROW])
    assert [t["title"] for t in tables] == [
        "R2 over a series (paper: Table 3)",
        "Mean Feret diameter",
        "Topology, area fraction, continuous conditions",
    ]
    series = tables[0]
    kinds = [row["kind"] for row in series["rows"]]
    assert kinds == ["printed"] * 6 + ["value", "floor", "paper_model"] * 3
    assert series["rows"][0]["cells"] == ["HPA: sintered copper", 0.76, 0.86, 0.89, 0.84]
    assert all(
        len(row["cells"]) == len(t["head"]) == len(row["intervals"]) for t in tables for row in t["rows"]
    )
    assert [row["cells"][0] for row in series["rows"][-3:]] == ["mean of these"] * 3
    feret = tables[1]["rows"]
    assert feret[0]["cells"][1:] == [6.4, 15.6, -5.6, 0.68]
    assert feret[1]["cells"][0] == "2 seen conditions"
    worst = tables[2]["rows"][-1]
    assert worst["cells"] == ["worst of 2 conditions", 0.7, 0.7, None, None]


def test_tables_without_numbers_of_ours_are_left_out():
    titles = [t["title"] for t in beside_papers({name: entry(0.6) for name in TOPOLOGY}, [ROW])]
    assert titles == ["Topology, area fraction, continuous conditions"]


def test_the_page_marks_what_is_printed_and_counts_what_is_met():
    page = papers_part(beside_papers(metrics_of("material=a"), [ROW]))
    assert "not measured on the images of this report" in " ".join(page.split())
    rows = re.findall(r'<tr class="printed">(.*?)</tr>', page)
    assert len(rows) == 6 + 1 + 2
    assert all("et al." in row for row in rows)
    assert "this generator" not in "".join(rows)
    lines = judged({}, [], "no training images")
    lines[0] |= {"result": "pass", "value": 1.0}
    lines[1] |= {"result": "miss", "value": 0.2, "real_reaches_it": False}
    shown = targets_part(lines)
    assert "1 of the 2 targets that can be judged by these images are met. Of those missed, 1 are" in shown
    assert f"{len(lines) - 2} targets that do not apply here" in shown
    assert "miss; so do real images" in shown


def test_components_without_variance_are_not_drawn():
    values = np.random.default_rng(0).normal(size=(12, 3))
    side = SimpleNamespace(descriptors=values)
    sides = SimpleNamespace(real=side, synthetic=side)
    for share, drawn in (((0.7, 0.2, 0.1), [True, True]), ((1.0, 1e-30, 0.0), [False, False])):
        space = SimpleNamespace(
            rings=SimpleNamespace(explained=np.array(share)), persistence=lambda images: images
        )
        plots = [persistence_scatter(sides, space, dimensions) for dimensions in (2, 3)]
        assert [bool(plot) for plot in plots] == drawn
        assert all(plot.count("<circle") in (0, 24) for plot in plots)


def test_a_view_of_space_keeps_lengths():
    points = np.random.default_rng(0).normal(size=(20, 3))
    seen = projected(points)
    assert np.allclose((seen**2).sum(axis=1), (points**2).sum(axis=1))
    assert np.allclose(seen @ seen.T, points @ points.T)

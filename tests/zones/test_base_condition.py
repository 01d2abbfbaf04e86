"""What conditions are fixed at when the user does not say: one real condition, and which."""

import subprocess
import sys

import pytest

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import ParameterError
from napari_microgen.zones.axes import parse_axes
from napari_microgen.zones.base_condition import base_condition, best_supported, training_rows

CORNERS = [(t, p) for t in (20.0, 600.0) for p in (0.0, 60.0)]


@pytest.fixture
def table():
    """A square of temperature and aluminium at 40 eV, and three single conditions at 200 eV."""
    rows = [
        {"temperature": t, "aluminium": a, "energy": 40.0, "target": "Cr"}
        for t, a in [*CORNERS, (310.0, 30.0)]
    ]
    rows += [
        {"temperature": t, "aluminium": 10.0, "energy": 200.0, "target": "Cr"} for t in (100.0, 200.0, 300.0)
    ]
    rows += [{"temperature": 50.0, "aluminium": 5.0, "energy": 40.0, "target": "Al"}]
    return ConditionTable.from_rows(rows, images=[f"film_{n}.tif" for n in range(len(rows))])


def test_training_conditions_come_back_in_their_own_units(table):
    assert training_rows(table.support()) == list(table.rows())


def axes_of(table):
    known = [
        {"name": n, "unit": None, "kind": "continuous", "low": 0.0, "high": 600.0, "transform": "identity"}
        for n in ("temperature", "aluminium")
    ]
    return parse_axes("temperature:20:600:4", "aluminium:0:60:4", known)


def test_the_values_that_leave_most_of_the_diagram_in_the_training_are_taken(table):
    support = table.support()
    chosen = best_supported(support, {}, ["energy", "target"], axes_of(table))
    row = training_rows(support)[chosen]
    assert (row["energy"], row["target"]) == (40.0, "Cr")


def test_what_is_given_is_kept(table):
    support = table.support()
    chosen = best_supported(support, {"target": "Al"}, ["energy"], axes_of(table))
    assert training_rows(support)[chosen]["energy"] == 40.0


def test_all_given_takes_nothing(analytic):
    model = analytic()
    base = base_condition(model, ["heat=30", "flux=10"], ())
    assert base.values == {"heat": 30.0, "flux": 10.0}
    assert base.note == base.image == ""


def test_the_note_names_values_and_where_they_are_from(analytic):
    base = base_condition(analytic(), ["heat=30"], ())
    assert base.origin == {"heat": "given", "flux": "training"}
    assert base.values["flux"] == 20.0, "the middle of the training"
    assert base.note.startswith("flux = 20: not given, so taken from row ")


def test_bad_words_are_named(analytic):
    model = analytic()
    axes = parse_axes("heat:0:100:4", "flux:0:40:4", model.conditions)
    with pytest.raises(ParameterError, match="--set fixes heat, which is on an axis"):
        base_condition(model, ["heat=3"], axes)
    with pytest.raises(ParameterError, match="no condition 'speed'"):
        base_condition(model, ["speed=3"], ())
    with pytest.raises(ParameterError, match="heat is 'hot'"):
        base_condition(model, ["heat=hot"], ())


def test_a_window_can_use_all_of_this_without_torch():
    code = (
        "import sys\n"
        "from napari_microgen.zones import axes, base_condition, cell_cache, cell_record, collage\n"
        "from napari_microgen.zones import constraints, contours, diagram_panels, nearest_real\n"
        "from napari_microgen.zones import panel_png, panel_svg, placement, window\n"
        "print('torch' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False", "a window may use all of these"

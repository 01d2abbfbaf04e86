"""Forms: names, defaults, choices and help come from the operation; the values come back as they should."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_microgen.operations import OPERATIONS, plain
from napari_microgen.parameters import describe
from napari_microgen.volume import Volume
from napari_microgen.widgets.described import described
from napari_microgen.widgets.fields import as_text, meaning
from napari_microgen.widgets.forms import Form, as_words, options_of, tooltip


def example(
    image: Volume,
    *,
    method: Literal["plain", "clever"] = "plain",
    strength: float = 0.25,
    rounds: int = 3,
    limit: int | None = None,
    quiet: bool = False,
    size: tuple[float, float, float] | None = None,
    names: tuple[str, ...] = ("all",),
    model: Path | None = None,
    area: float | None = None,
    unit: str | None = None,
) -> Volume:
    """Do something to an image.

    Parameters
    ----------
    image : Volume
        Any image.
    method : {"plain", "clever"}
        How; ``clever`` is slower.
    strength : float
        How much, in px.
    rounds : int
        How often.
    limit : int, optional
        The most.
    quiet : bool
        Say nothing.
    size : tuple of float, optional
        Three lengths.
    names : tuple of str
        Which.
    model : Path, optional
        A folder.
    area : float, optional
        For ``clever``: an area, in px.
    unit : str, optional
        A unit.
    """
    return image


@pytest.fixture
def form(qtbot):
    made = Form(options_of(describe(example)))
    qtbot.addWidget(made)
    return made


def test_defaults_are_those_of_the_function(form):
    values = form.values()
    assert values == {
        "method": "plain", "strength": 0.25, "rounds": 3, "limit": None, "quiet": False, "size": None,
        "names": ("all",), "model": None, "unit": None,
    }  # fmt: skip


def test_the_help_of_each_parameter_is_its_tooltip(form):
    for parameter in describe(example).parameters:
        if not parameter.is_volume:
            assert form.fields[parameter.name].toolTip() == tooltip(parameter.help) != ""


def test_a_parameter_of_one_choice_shows_with_it_only(form):
    assert "area" not in form.values()
    form.set_values({"method": "clever"})
    assert form.values()["area"] is None


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("strength", "1e-3", 1e-3),
        ("limit", "7", 7),
        ("limit", "", None),
        ("size", "25, 18.6,18.6", (25.0, 18.6, 18.6)),
        ("names", "a, b", ("a", "b")),
        ("model", "/data/model", Path("/data/model")),
    ],
)
def test_what_is_typed_is_what_comes_out(form, name, text, value):
    form.fields[name].edit.setText(text)
    assert form.values()[name] == value
    assert form.problem() is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("strength", "much"),
        ("strength", ""),
        ("strength", "nan"),
        ("limit", "1.5"),
        ("size", "1, 2"),
        ("names", ""),
    ],
)
def test_what_means_nothing_is_said(form, name, text):
    form.fields[name].edit.setText(text)
    assert form.problem()
    with pytest.raises(ValueError, match=r"give|empty"):
        form.values()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives_being_shown(number):
    assert meaning(float, as_text(number)) == number


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3).map(tuple))
def test_any_triple_survives_being_shown(triple):
    assert meaning(tuple[float, float, float], as_text(triple)) == triple


def test_words_for_the_command_line_leave_out_defaults(form):
    parameters = options_of(describe(example))
    assert as_words(parameters, form.values()) == []
    form.set_values({"strength": 0.5, "quiet": True, "size": (1.0, 2.0, 3.0), "method": "clever"})
    words = as_words(parameters, form.values())
    assert words == ["--method=clever", "--strength=0.5", "--quiet", "--size=1.0,2.0,3.0"]


@pytest.mark.parametrize("identifier", OPERATIONS)
def test_every_operation_has_a_form_that_shows_its_defaults(identifier, qtbot):
    parameters = [p for p in options_of(described(identifier)) if not p.required]
    form = Form(parameters)
    qtbot.addWidget(form)
    for parameter in parameters:
        if form.applies(parameter.name):
            shown = form.fields[parameter.name].value()
            assert plain(shown) == plain(parameter.default), parameter.name


def test_a_heavy_operation_is_described_as_its_function_is_without_loading_torch():
    code = (
        "import sys\n"
        "from napari_microgen.widgets.described import described\n"
        "from napari_microgen.operations import OPERATIONS\n"
        "from napari_microgen.parameters import describe\n"
        "heavy = [i for i in OPERATIONS if OPERATIONS[i].heavy]\n"
        "found = {i: described(i) for i in heavy}\n"
        "assert 'torch' not in sys.modules\n"
        "assert heavy and all(found[i] == describe(OPERATIONS[i].load()) for i in heavy)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

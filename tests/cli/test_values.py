"""Words of a command line become the values a parameter takes, or one clear error."""

from pathlib import Path
from typing import Literal

import pytest

from napari_microgen.cli.values import parse
from napari_microgen.errors import ParameterError
from napari_microgen.parameters import MISSING, Parameter


def parameter(kind, optional=False):
    return Parameter("some_option", kind, optional, MISSING, "", False)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "3", 3),
        (float, "2.5", 2.5),
        (str, "word", "word"),
        (bool, "yes", True),
        (Path, "a/b.tif", Path("a/b.tif")),
        (Literal["otsu", "hybrid"], "hybrid", "hybrid"),
        (tuple[float, float, float], "25, 18.6,18.6", (25.0, 18.6, 18.6)),
        (tuple[str, ...], "a,b", ("a", "b")),
        (list[int], "1,2,3", [1, 2, 3]),
        ((Literal["auto"], int), "auto", "auto"),
        ((Literal["auto"], int), "12", 12),
    ],
)
def test_text_that_fits(kind, text, value):
    assert parse(parameter(kind), text) == value


def test_none_only_where_it_is_allowed():
    assert parse(parameter(int, optional=True), "none") is None
    with pytest.raises(ParameterError, match="a whole number"):
        parse(parameter(int), "none")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (int, "3.5", "a whole number"),
        (float, "big", "a number"),
        (bool, "maybe", "yes or no"),
        (Literal["otsu", "hybrid"], "magic", "one of otsu, hybrid"),
        (tuple[float, float, float], "1,2", "3 values separated by commas"),
    ],
)
def test_text_that_does_not_fit_names_option_text_and_choice(kind, text, expected):
    with pytest.raises(ParameterError) as caught:
        parse(parameter(kind), text)
    assert "--some-option" in str(caught.value)
    assert repr(text) in str(caught.value)
    assert expected in str(caught.value)

import pytest

from napari_microgen.errors import TableError
from napari_microgen.io.number_style import NumberStyle, find_style, is_missing, looks_like_number


def style_of(*cells, **options):
    return find_style([(f"cell {i}", cell) for i, cell in enumerate(cells)], **options)[0]


@pytest.mark.parametrize(
    ("cells", "style", "values"),
    [
        (["0.5", "12"], NumberStyle(".", ""), [0.5, 12]),
        (["0,5", "12"], NumberStyle(",", ""), [0.5, 12]),
        (["1,234.5", "1,234"], NumberStyle(".", ","), [1234.5, 1234]),
        (["1.234,5", "1.234"], NumberStyle(",", "."), [1234.5, 1234]),
        (["1 234,5", "0,25"], NumberStyle(",", " "), [1234.5, 0.25]),
        (["1\u202f234,5"], NumberStyle(",", " "), [1234.5]),
        (["1\u00a0234.5"], NumberStyle(".", " "), [1234.5]),
        (["1’234.5"], NumberStyle(".", "'"), [1234.5]),
        (["1.5e-3", "−2", "+.5"], NumberStyle(".", ""), [0.0015, -2, 0.5]),
        (["1234567.125"], NumberStyle(".", ""), [1234567.125]),
        (["1.234.567"], NumberStyle(",", "."), [1234567]),
        (["0.125"], NumberStyle(".", ""), [0.125]),
    ],
)
def test_style_and_values(cells, style, values):
    found = style_of(*cells)
    assert [found.parse(cell) for cell in cells] == values
    assert found == style or [style.parse(cell) for cell in cells] == values


def test_what_could_mean_two_numbers_is_refused():
    with pytest.raises(TableError, match=r"1\.234.*could be 1\.234 or 1234"):
        style_of("1.234", "7")
    with pytest.raises(TableError, match="could be"):
        style_of("1,234")


def test_the_user_settles_it():
    assert style_of("1.234", decimal=".").parse("1.234") == 1.234
    assert style_of("1.234", decimal=",").parse("1.234") == 1234


def test_comma_between_columns_settles_the_point():
    style, note = find_style([("line 2", "1.234")], comma_separates=True)
    assert style == NumberStyle()
    assert "1.234" in note


def test_two_styles_in_one_table_are_named_with_both_cells():
    with pytest.raises(TableError, match=r"cell 1 holds '0,5'.*cell 0 holds '0\.5'"):
        style_of("0.5", "0,5")


def test_no_number_in_the_stated_style():
    with pytest.raises(TableError, match="no number with"):
        style_of("0,5", decimal=".")


def test_sodium_is_not_a_missing_value():
    assert is_missing("NA")
    assert is_missing(" ")
    assert not is_missing("Na")


@pytest.mark.parametrize("text", ["0.5 Pa", "1e", "12,34,5", "inf", "abc", "1..2", "--1", "2024-01-05"])
def test_not_numbers(text):
    assert NumberStyle().parse(text) is None
    assert text == "12,34,5" or not looks_like_number(text)


def test_numbers_too_large_for_a_float_are_not_numbers():
    assert NumberStyle().parse("1e999") is None

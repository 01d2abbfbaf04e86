import pytest

from napari_microgen.errors import UnitError
from napari_microgen.io.header_units import convert, join_header, known_unit, same_kind, split_header


@pytest.mark.parametrize(
    ("head", "name", "unit"),
    [
        ("conductivity [S/cm]", "conductivity", "S/cm"),
        ("conductivity[uS/cm]", "conductivity", "uS/cm"),
        ("Al concentration [at.%]", "Al concentration", "at.%"),
        ("pressure (Pa)", "pressure", "Pa"),
        ("T / °C", "T", "°C"),
        ("tau (mean)", "tau (mean)", None),
        ("G/M", "G/M", None),
        ("D [-]", "D", "1"),
        ("D (-)", "D", "1"),
        ("sample", "sample", None),
        ("[nm]", "[nm]", None),
        ("gaussian_curvature [1/µm²]", "gaussian_curvature", "1/µm²"),
    ],
)
def test_split(head, name, unit):
    assert split_header(head) == (name, unit)


def test_join_is_the_inverse():
    for name, unit in (("a", "nm"), ("b c", None), ("d", "at.%")):
        assert split_header(join_header(name, unit)) == (name, unit)


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (1.0, "1/um", "1/nm", 1e-3),
        (3.0, "1/um^2", "mm-2", 3e6),
        (25.0, "nm", "µm", 0.025),
        (1.0, "MS/m", "S/cm", 1e4),
        (20.0, "°C", "K", 293.15),
        (300.0, "K", "degC", 26.85),
        (50.0, "%", "1", 0.5),
        (2.0, "kJ/mol", "J mol^-1", 2000.0),
    ],
)
def test_conversion(value, unit, to, expected):
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-12)


def test_other_kinds_are_refused():
    with pytest.raises(UnitError, match="do not measure the same"):
        convert(1.0, "nm", "S/cm")
    with pytest.raises(UnitError, match="'HV' is not a unit"):
        convert(1.0, "HV", "GPa")


def test_a_label_fits_itself():
    assert convert(3.0, "at.%", "at.%") == 3.0
    assert same_kind("HV 0.3", "HV 0.3")
    assert not same_kind("at.%", "wt.%")


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9**9", "1" * 50, "m" * 1000, "m**999999999", "__import__('os')", "(((((", "?\n", "🤖", "m^^2"],
)
def test_strange_text_is_a_label(text):
    assert not known_unit(text)

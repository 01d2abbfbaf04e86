"""Tables of quantities come back exactly; a spreadsheet never runs a cell; a bad cell is named."""

import sys
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from napari_microgen import FeatureTable
from napari_microgen.errors import CorruptFileError, FileFormatError, InputNotFoundError, MissingExtraError
from napari_microgen.features import Feature
from napari_microgen.io.tables import COLUMNS, read_table, write_table

WORDS = ("unit", "bias", "method", "sample")
text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def features(draw):
    value = draw(st.none() | numbers)
    reason = draw(text.filter(bool)) if value is None else draw(st.none() | text.filter(bool))
    interval = {"low": draw(st.none() | numbers), "high": draw(st.none() | numbers)}
    words = {name: draw(text) for name in WORDS}
    return Feature(name=draw(text), value=value, reason=reason, **interval, **words)


@given(rows=st.lists(features(), max_size=5))
def test_a_table_comes_back_exactly(rows, tmp_path_factory):
    path = write_table(FeatureTable(tuple(rows)), tmp_path_factory.mktemp("t") / "a.csv")
    assert read_table(path).features == tuple(rows)


def test_formulas_are_written_with_a_leading_quote(tmp_path):
    feature = Feature(
        name="=cmd|' /C calc'!A0", value=-1.5, unit="+1", method="@SUM(A1)", sample="-x", reason="'quoted"
    )
    path = write_table(FeatureTable((feature,)), tmp_path / "a.csv")
    cells = path.read_text().splitlines()[1].split(",")
    assert [c for c in cells if c and c[0] in "=+@"] == []
    assert "'=cmd" in path.read_text()
    assert "-1.5" in cells  # a number stays a number
    assert read_table(path)[feature.name] == feature


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("1.5", "1,5"), "row 2: 10 cells"),
        (lambda t: t.replace("1.5", "high"), "row 2, column value: 'high'"),
        (lambda t: t.replace("1.5", ""), "row 2: .* without a reason"),
        (lambda t: t.replace("1.5", "nan"), "row 2: .* is nan"),
        (lambda t: t + "only one cell\n", "row 3: 1 cells"),
    ],
)
def test_a_bad_cell_is_named(change, message, tmp_path):
    path = write_table(FeatureTable((Feature(name="porosity", value=1.5),)), tmp_path / "a.csv")
    path.write_text(change(path.read_text()))
    with pytest.raises(CorruptFileError, match=message):
        read_table(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(InputNotFoundError):
        read_table(tmp_path / "absent.csv")
    for content in (b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x89PNG"):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(FileFormatError, match="not a table of quantities"):
            read_table(tmp_path / "a.csv")
    with pytest.raises(FileFormatError, match=r"\.csv or \.xlsx"):
        write_table(FeatureTable(), tmp_path / "a.txt")


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    path = write_table(FeatureTable((Feature(name="porosity", value=0.25),)), tmp_path / "a.csv")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_table(path)["porosity"].value == 0.25


@settings(max_examples=20)
@given(rows=st.lists(features(), max_size=3))
@example(rows=[Feature(name=" ", value=sys.float_info.max, low=-sys.float_info.max)])
def test_an_excel_table_comes_back(rows, tmp_path_factory):
    pytest.importorskip("openpyxl")
    rows = [_with_single_blanks(row) for row in rows]
    path = write_table(FeatureTable(tuple(rows)), tmp_path_factory.mktemp("t") / "a.xlsx")
    for found, row in zip(read_table(path), rows, strict=True):
        for name in ("value", "low", "high"):  # a workbook keeps 16 digits
            ours, theirs = getattr(found, name), getattr(row, name)
            assert (ours is None and theirs is None) or ours == pytest.approx(theirs, rel=1e-15)
        assert replace(found, value=row.value, low=row.low, high=row.high) == row


def _with_single_blanks(feature):
    """Return a feature whose texts hold no blanks that a spreadsheet reader would trim."""
    texts = {name: "".join(str(getattr(feature, name)).split()) for name in ("name", *WORDS)}
    reason = None if feature.reason is None else "".join(feature.reason.split()) or "none"
    return replace(feature, reason=reason, **texts)


def test_no_cell_of_an_excel_table_is_a_formula(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    feature = Feature(name="=1+1", value=-0.25, unit="+1", method="@SUM(A1)", sample="-x", bias="=cmd")
    empty = Feature(name="b", value=None, reason="no\x00pore")
    path = write_table(FeatureTable((feature, empty)), tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(path).active.iter_rows())
    assert tuple(cell.value for cell in rows[0]) == COLUMNS
    assert {cell.data_type for row in rows for cell in row} == {"s", "n"}
    assert not any(str(cell.value)[0] in "=+@" for row in rows for cell in row if cell.data_type == "s")
    assert rows[1][COLUMNS.index("value")].value == -0.25
    assert rows[2][COLUMNS.index("value")].value is None
    assert read_table(path)["=1+1"] == feature
    assert read_table(path)["b"].reason == "no pore"


def test_a_damaged_workbook_is_named(tmp_path):
    pytest.importorskip("openpyxl")
    (tmp_path / "a.xlsx").write_bytes(b"PK not really")
    with pytest.raises(FileFormatError, match=r"a\.xlsx is not an Excel workbook"):
        read_table(tmp_path / "a.xlsx")


def test_tables_of_earlier_versions_are_read(tmp_path):
    head = ",".join(column for column in COLUMNS if column != "bias")
    (tmp_path / "a.csv").write_text(f"{head}\n,porosity,0.25,1,,,voxel count,\n")
    assert read_table(tmp_path / "a.csv")["porosity"].value == 0.25


def test_excel_without_its_package_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install napari-microgen\[excel\]"):
        write_table(FeatureTable(), tmp_path / "a.xlsx")

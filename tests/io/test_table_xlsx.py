import zipfile

import numpy as np
import pytest
from openpyxl import Workbook

from napari_microgen.errors import CorruptFileError, FileFormatError, InputNotFoundError, TableError
from napari_microgen.io import table_xlsx
from napari_microgen.io.table_csv import read_table


def saved(path, rows, *more):
    book = Workbook()
    book.active.title = "samples"
    for row in rows:
        book.active.append(row)
    for name in more:
        book.create_sheet(name)
    book.save(path)
    return path


def test_numbers_texts_units_and_gaps_are_those_of_the_sheet(tmp_path):
    rows = [["sample", "D", "sigma [MS/m]"], ["HPA, 175", 0.3, 17], ["NPC", None, -1.5e-7]]
    table = read_table(saved(tmp_path / "t.xlsx", rows))
    assert table["sample"].cells == ("HPA, 175", "NPC")
    assert table.numbers("D")[0] == pytest.approx(0.3, rel=1e-14)
    assert table.missing("D") == {1: "empty cell"}
    assert table.numbers("sigma").tolist() == [17, -1.5e-7]
    assert table["sigma"].unit == "MS/m"
    assert table.described()["encoding"] == "sheet 'samples'"
    assert table.described()["delimiter"] == "none"


def test_a_number_with_three_decimals_is_no_thousand(tmp_path):
    table = read_table(saved(tmp_path / "t.xlsx", [["a", "b"], [1.234, 5], [0.567, 6]]))
    assert table.numbers("a").tolist() == [1.234, 0.567]


def test_random_numbers_come_back(tmp_path):
    """To the digits that openpyxl writes (16)."""
    values = np.random.default_rng(0).normal(size=(30, 4)) * 10.0 ** np.arange(-6, 6, 3)
    rows = [list("abcd"), *values.tolist()]
    table = read_table(saved(tmp_path / "t.xlsx", rows))
    found = np.column_stack([table.numbers(name) for name in "abcd"])
    assert found == pytest.approx(values, rel=1e-15)


def test_bad_cells_are_named_by_the_row_of_the_sheet(tmp_path):
    path = saved(tmp_path / "t.xlsx", [["a", "b"], [1, 2], [], ["3 nm", 4]])
    with pytest.raises(TableError, match="line 4, column 'a' holds '3 nm'"):
        read_table(path).numbers("a")


def test_other_sheets_are_named(tmp_path):
    table = read_table(saved(tmp_path / "t.xlsx", [["a", "b"], [1, 2]], "raw", "plots"))
    assert table.notes == ("only the first sheet was read; not read: raw, plots",)


def test_what_is_no_workbook_is_refused(tmp_path):
    with pytest.raises(InputNotFoundError):
        read_table(tmp_path / "absent.xlsx")
    path = tmp_path / "t.xlsx"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FileFormatError, match="not an Excel workbook"):
        read_table(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(CorruptFileError, match="damaged"):
        read_table(path)
    with pytest.raises(TableError, match=r"is empty|no rows"):
        read_table(saved(path, []))


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "t.xlsx", [["a", "b"], [1, 2]])
    monkeypatch.setattr(table_xlsx, "MAX_BYTES", 1000)
    with pytest.raises(FileFormatError, match="no table of samples"):
        read_table(path)


@pytest.mark.parametrize("seed", range(5))
def test_flipped_bytes_give_a_table_or_a_named_error(tmp_path, seed):
    content = bytearray(saved(tmp_path / "t.xlsx", [["a", "b"], [1, 2], [3, 4]]).read_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(20):
        damaged = content.copy()
        for place in rng.integers(0, len(content), 8):
            damaged[place] = rng.integers(256)
        (tmp_path / "d.xlsx").write_bytes(damaged)
        try:
            read_table(tmp_path / "d.xlsx")
        except (FileFormatError, CorruptFileError, TableError):
            pass

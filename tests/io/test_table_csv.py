import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from napari_microgen.errors import FileFormatError, InputNotFoundError, MicrogenError, TableError
from napari_microgen.io.table_csv import format_table, parse_table, read_table, write_table

NAMES = ["HPA, 175", "HPA; 200", "NPC", "HPB"]
VALUES = {"density": [0.576, 0.7, 0.548, 0.383], "sigma": [2.3, 1234.5, 12345.75, 87654.125]}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
LOCALES = {
    "plain": (".", ""),
    "en": (".", ","),
    "de": (",", "."),
    "fr": (",", "\u202f"),
    "sv": (",", "\u00a0"),
}


def written(value, decimal, group):
    whole, _, part = f"{value:,}".partition(".")
    return whole.replace(",", group) + (decimal + part if part else "")


def quoted(cell, delimiter):
    return f'"{cell}"' if delimiter in cell else cell


def table_text(delimiter, locale):
    decimal, group = LOCALES[locale]
    rows = [["sample", "density [1]", "sigma [S/cm]"]]
    for name, density, sigma in zip(NAMES, *VALUES.values(), strict=True):
        rows.append([name, written(density, decimal, group), written(sigma, decimal, group)])
    return "\n".join(delimiter.join(quoted(cell, delimiter) for cell in row) for row in rows) + "\n"


def lines_changed(text, change):
    return "\n".join(change(text.splitlines())) + "\n"


HARMLESS = {
    "as it is": lambda t: t.encode(),
    "byte order mark": lambda t: t.encode("utf-8-sig"),
    "utf-16": lambda t: t.encode("utf-16"),
    "utf-16 without mark": lambda t: t.encode("utf-16-le"),
    "crlf": lambda t: t.replace("\n", "\r\n").encode(),
    "old mac": lambda t: t.replace("\n", "\r").encode(),
    "blank lines": lambda t: t.replace("\n", "\n\n").encode() + b"\n \n",
    "no last newline": lambda t: t.rstrip("\n").encode(),
    "remark": lambda t: ("# made by hand\n" + t).encode(),
}
HARMFUL = {
    "short line": (lambda ls: [*ls[:2], "HPA", *ls[3:]], "line 3 has 1 cells"),
    "two heads": (lambda ls: [ls[0].replace("density [1]", "sigma"), *ls[1:]], "two columns named 'sigma'"),
    "no head": (lambda ls: ls[1:], "has no head"),
    "only a head": (lambda ls: ls[:1], "no rows"),
    "empty": (lambda ls: [], "is empty"),
}


@pytest.mark.parametrize("defect", HARMLESS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("delimiter", DELIMITERS, ids=DELIMITERS.values())
def test_every_way_of_writing_gives_the_same_numbers(tmp_path, delimiter, locale, defect):
    path = tmp_path / "t.csv"
    path.write_bytes(HARMLESS[defect](table_text(delimiter, locale)))
    table = read_table(path)
    assert table.names == ("sample", "density", "sigma")
    assert table["sample"].cells == tuple(NAMES)
    assert table["sigma"].unit == "S/cm"
    for name, values in VALUES.items():
        assert table.numbers(name).tolist() == values
    shown = table.described()
    assert shown["delimiter"] == DELIMITERS[delimiter]
    assert shown["decimal"] == LOCALES[locale][0]


@pytest.mark.parametrize("defect", HARMFUL)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("delimiter", DELIMITERS, ids=DELIMITERS.values())
def test_defects_are_named(delimiter, locale, defect):
    change, words = HARMFUL[defect]
    with pytest.raises(TableError, match=words):
        parse_table(lines_changed(table_text(delimiter, locale), change))


@pytest.mark.parametrize("bad", ["x", "0.5 Pa", "Na", "1e999", "5..2", "12/3"])
def test_text_among_numbers_is_named_with_line_column_and_text(bad):
    table = parse_table(f"a,b\n1,2\n\n3,{bad}\n")
    with pytest.raises(TableError, match="line 4, column 'b'") as caught:
        table.numbers("b")
    assert bad in str(caught.value)
    assert not table.is_numeric("b")
    assert table.numbers("a").tolist() == [1, 3]


def test_a_unit_in_the_cells_is_sent_to_the_head():
    with pytest.raises(TableError, match=r"head of the column, p \[Pa\]"):
        parse_table("id,p\na,0.5 Pa\nb,0.7 Pa\n").numbers("p")


def test_decimal_comma_in_a_comma_table_is_never_read_as_two_cells():
    with pytest.raises(TableError, match=r"line 2 has 3 cells and the head has 2.*semicolons"):
        parse_table("id,p\na,0,5\nb,1,2\n")


def test_mixed_decimal_signs_are_named():
    with pytest.raises(TableError, match="cannot be written in one style"):
        parse_table("a;b\n0.5;1\n0,7;2\n")


def test_missing_values_and_what_stands_there():
    table = parse_table("metal,x\nNA,1\nNa,NA\nK,\n")
    assert np.isnan(table.numbers("x")).tolist() == [False, True, True]
    assert table.missing("x") == {1: "'NA'", 2: "empty cell"}
    assert table["metal"].cells[1] == "Na"


def test_duplicate_rows():
    table = parse_table("a,b\n1,2\n3,4\n1,2\n1,2\n")
    assert table.duplicates() == {2: 0, 3: 0}


def test_two_possible_delimiters_are_refused_or_told_apart_by_the_numbers():
    with pytest.raises(TableError, match="semicolon or comma"):
        parse_table("a;b,c\nx;y,z\n")
    assert parse_table("a;b,c\nx;y,z\n", delimiter=";").names == ("a", "b,c")
    assert parse_table("sample, paste\tT\nHPA, 1\t175\nHPA, 2\t200\n").names == ("sample, paste", "T")


def test_a_spreadsheet_says_its_delimiter():
    assert parse_table("sep=;\na;b,c\nx;y,z\n").names == ("a", "b,c")


def test_a_head_behind_a_hash():
    table = parse_table("# by hand\n# two, three\n#name,kind,x\nHPA,a,3\n")
    assert (table.names, table.lines) == (("name", "kind", "x"), (4,))


def test_columns_without_a_name():
    table = parse_table(",a,\n0,1.5,\n1,2.5,\n")
    assert table.names == ("column 1", "a")
    assert "no name" in table.notes[0]
    assert "empty" in table.notes[1]


def test_quoted_line_breaks_keep_the_line_numbers():
    table = parse_table('a,b\n"x\ny",1\nz,2\n')
    assert table.lines == (2, 4)
    assert table["a"].cells == ("x\ny", "z")


def test_windows_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("T [°C];d [µm]\n20;1,5\n".encode("cp1252"))
    table = read_table(path)
    assert (table.encoding, table["T"].unit, table["d"].unit) == ("windows-1252", "°C", "µm")


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\x00\x01\x02\x03", b"\xff\xfe\x00"])
def test_what_is_no_text(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises((FileFormatError, TableError)):
        read_table(path)


def test_no_file(tmp_path):
    with pytest.raises(InputNotFoundError):
        read_table(tmp_path / "none.csv")


def test_unknown_column_lists_the_columns():
    with pytest.raises(TableError, match="no column 'c'; its columns are a, b"):
        parse_table("a,b\n1,2\n").numbers("c")


def test_formula_cells_are_written_with_a_quote_and_read_without(tmp_path):
    cells = ["=cmd|' /C calc'!A0", "+x", "@SUM(A1)", "-y", "'=kept", "-1", "plain"]
    text = format_table({"a": cells, "b": list(range(7))})
    assert all(not line.startswith(("=", "+", "@", "-y")) for line in text.splitlines())
    assert parse_table(text)["a"].cells == tuple(cells)


LETTERS = list("abcXYZ =+@-'\",;|#äµ°号0123456789.")


def random_label(rng):
    return "".join(rng.choice(LETTERS, rng.integers(1, 10))).strip() + rng.choice(["a", "Ω", "?b"])


def random_number(rng):
    value = rng.choice([rng.normal(), rng.integers(-(10**12), 10**12), 10.0 ** rng.uniform(-300, 300), 0.0])
    return None if rng.random() < 0.2 else float(value)


def test_a_thousand_tables_are_read_back_exactly():
    rng = np.random.default_rng(0)
    for _ in range(1000):
        rows, count = rng.integers(1, 9), rng.integers(1, 5)
        columns = {
            f"{random_label(rng)} {i}": [random_number(rng) for _ in range(rows)] for i in range(count)
        }
        columns["label"] = [random_label(rng) for _ in range(rows)]
        table = parse_table(format_table(columns), delimiter=",")
        assert table.names == tuple(columns)
        assert list(table["label"].cells) == columns.pop("label")
        for name, values in columns.items():
            for found, value in zip(table.numbers(name), values, strict=True):
                assert math.isnan(found) if value is None else found == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_named(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "t.csv"
    path.write_bytes(content)
    try:
        table = read_table(path)
    except MicrogenError:
        return
    for name in table.names:
        if table.is_numeric(name):
            assert len(table.numbers(name)) == len(table)


def test_written_file_is_whole(tmp_path):
    write_table(tmp_path / "t.csv", {"a": ["x"], "b": [1.5]}, {"b": "nm"})
    assert (tmp_path / "t.csv").read_text() == "a,b [nm]\nx,1.5\n"

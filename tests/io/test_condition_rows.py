import pytest

from napari_microgen.errors import TableError
from napari_microgen.io.condition_rows import matching_rows
from napari_microgen.io.table_csv import parse_table

TABLE = parse_table(
    "file,T,pixel,gas\na,700,0.19417,Ar\nb,800,0.1940,Ar\nc,900,0.388,\nd,,0.194,N2\ne,800,1.94e-1,Ar+N2\n"
)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["pixel=0.194"], [0, 1, 3, 4]),
        (["pixel=0.19417"], [0]),
        (["T=800"], [1, 4]),
        (["T=8e2"], [1, 4]),
        (["T=750:900"], [1, 2, 4]),
        (["T=:800", "gas=Ar"], [0, 1]),
        (["T=800:"], [1, 2, 4]),
        (["gas!=Ar"], [2, 3, 4]),
        (["gas="], [2]),
        (["gas = Ar+N2"], [4]),
        (["T!=800", "pixel!=0.388"], [0, 3]),
    ],
)
def test_rows_that_fulfil_all_clauses(where, rows):
    assert matching_rows(TABLE, where).tolist() == rows


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("T>5", "NAME=VALUE"),
        ("T=5:many", "no end of a range of T"),
        ("p=5", "no column 'p'"),
        ("T=1", "No row of table fulfils T=1"),
    ],
)
def test_clauses_that_make_no_sense_are_named(where, words):
    with pytest.raises(TableError, match=words):
        matching_rows(TABLE, [where])

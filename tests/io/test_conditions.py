import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import ConditionsError, TableError
from napari_microgen.io.conditions import read_conditions, write_conditions

TEXT = {
    "comma": "file,sample,Temperature (°C),time [min],gas\na.tif,s1,500,30,Ar\nb.tif,s2,650.5,NA,N2\n",
    "semicolon": "file;sample;Temperature (°C);time [min];gas\na.tif;s1;500;30;Ar\nb.tif;s2;650,5;;N2\n",
    "tab": "file\tsample\tTemperature (°C)\ttime [min]\tgas\na.tif\ts1\t500\t30\tAr\n"
    "b.tif\ts2\t650.5\t-\tN2\n",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "conditions.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("form", TEXT)
def test_forms_of_writing_are_found_and_shown(written, form, encoding):
    table = read_conditions(written(TEXT[form], encoding))
    assert table.names == ("Temperature", "time", "gas")
    assert [c.unit for c in table.conditions] == ["°C", "min", None]
    assert table["Temperature"].tolist() == [500, 650.5]
    assert table.row(1)["time"] is None
    assert table["gas"].tolist() == ["Ar", "N2"]
    assert (table.images, table.libraries) == (("a.tif", "b.tif"), ("s1", "s2"))
    assert table.facts["delimiter"] == form
    assert table.facts["decimal"] == ("," if form == "semicolon" else ".")
    assert table.facts["encoding"].startswith({"cp1252": "windows-1252"}.get(encoding, encoding[:5]))
    assert (table.facts["image"], table.facts["library"]) == ("file", "sample")


def test_units_are_converted_only_when_asked(written):
    path = written(TEXT["comma"])
    table = read_conditions(path, units={"time": "h", "Temperature": "K"})
    assert table.row(0) == pytest.approx({"Temperature": 773.15, "time": 0.5, "gas": "Ar"})
    assert table.condition("time").label == "time [h]"
    plain = written("file,T [C],p [mbar]\na,20,5\n")
    assert read_conditions(plain, units={"T": "K", "p": "Pa"}).row(0) == pytest.approx(
        {"T": 293.15, "p": 500}
    )
    path = written(TEXT["comma"])
    with pytest.raises(ConditionsError, match=r"column 'time': 'min' cannot be converted to 'Pa'"):
        read_conditions(path, units={"time": "Pa"})


def test_scales_labels_and_columns_are_declared(written):
    table = read_conditions(
        written("image,T,t,run\na,1,1,1\nb,2,10,2\n"), columns=["t", "run"], log=["t"], categorical=["run"]
    )
    assert table.names == ("t", "run")
    assert table.condition("t").transform == "log"
    assert table["run"].tolist() == ["1", "2"]
    assert table.facts["columns_left_out"] == ["T"]


def test_long_texts_are_remarks_unless_named(written):
    rows = "".join(f"{i}.tif,{i},remark number {i}\n" for i in range(60))
    path = written("file,T,note\n" + rows)
    assert read_conditions(path).names == ("T",)
    assert read_conditions(path).facts["columns_left_out"] == ["note"]
    assert read_conditions(path, columns=["note"]).condition("note").kind == "categorical"


def test_all_bad_cells_are_listed_at_once(written):
    path = written("file,T [C],t,p\na,500,1,1\nb,hot,0,2\n,510,3,x\na,520,4,3\nb,530,5 h,4\n")
    with pytest.raises(ConditionsError) as caught:
        read_conditions(path, log=["t"])
    problems = "\n".join(caught.value.problems)
    for words in (
        "line 4 names no image in column 'file'",
        "a stands in lines 2 and 5",
        "b stands in lines 3 and 6",
        "line 3, column 'T' holds 'hot'",
        "line 6, column 't' holds '5 h'",
        "line 3, column 't' holds '0'; its logarithmic scale needs numbers above 0",
        "line 4, column 'p' holds 'x'",
    ):
        assert words in problems
    assert len(caught.value.problems) == 7
    assert "has 7 problems" in str(caught.value)


def test_rows_left_out_cannot_hurt(written):
    path = written("file,T,keep\na,500,yes\nb,hot,no\n")
    assert read_conditions(path, columns=["T"], where=["keep=yes"])["T"].tolist() == [500]


def test_pixel_sizes_from_a_column_and_from_magnifications(written):
    text = "file,T,pixel size [nm],magnification\na,1,50,2000X\nb,2,,x 1000\nc,3,,1k\nd,4,,\n"
    table = read_conditions(written(text), magnification="magnification", pixel_at_1x=100.0)
    np.testing.assert_allclose(table.pixel_sizes, [0.05, 0.1, 0.1, math.nan])
    assert table.pixel_unit == "um"
    assert table.names == ("T",)
    plain = read_conditions(written("file,T\na,1\nb,2\n"))
    assert plain.pixel_sizes is None
    with pytest.raises(ConditionsError, match="is no length"):
        read_conditions(written("file,T,pixel_size [um]\na,1,-2\nb,2,1\n"))
    with pytest.raises(ConditionsError, match="'s' cannot be converted to 'um'"):
        read_conditions(written("file,T,pixel_size [s]\na,1,2\nb,2,1\n"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["Temperature", "colour"]}, "no column colour; its columns are file, sample"),
        ({"image": "picture"}, "no column picture"),
        ({"log": ["p"]}, "no column p"),
        ({"where": ["time"]}, "NAME=VALUE"),
        ({"columns": []}, "no conditions"),
    ],
)
def test_wrong_names_are_told(written, options, words):
    with pytest.raises(TableError, match=words):
        read_conditions(written(TEXT["comma"]), **options)


def test_writing_and_reading_give_the_same_table(tmp_path):
    rng = np.random.default_rng(0)
    table = ConditionTable.from_columns(
        {
            "T": rng.normal(500, 200, 20),
            "t": [*rng.lognormal(0, 5, 19), None],
            "gas": rng.choice(["Ar", "N2, wet", "", '"air"'], 20).tolist(),
        },
        images=[f"image {i}.tif" for i in range(20)],
        units={"T": "C", "t": "h"},
        transforms={"t": "log"},
        libraries=[f"L{i // 5}" for i in range(20)],
        pixel_sizes=rng.uniform(0.01, 1, 20),
    )
    write_conditions(tmp_path / "out.csv", table)
    again = read_conditions(tmp_path / "out.csv", log=["t"])
    assert again.content_hash() == table.content_hash()
    assert again.libraries == table.libraries
    np.testing.assert_array_equal(again.pixel_sizes, table.pixel_sizes)


NAMES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="[]()"), min_size=1, max_size=12
)
LABELS = st.text(st.characters(exclude_categories=["C"]), max_size=12).map(str.strip)


@st.composite
def written_tables(draw):
    """Tables with any names and labels that can stand in a file."""
    rows = draw(st.integers(1, 6))
    names = draw(st.lists(NAMES.map(lambda n: f"c {n}"), min_size=1, max_size=4, unique=True))
    columns, categorical = {}, []
    for name in names:
        if draw(st.booleans()):
            columns[name] = draw(st.lists(LABELS, min_size=rows, max_size=rows))
            categorical.append(name)
        else:
            number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
            columns[name] = draw(st.lists(number, min_size=rows, max_size=rows))
    return ConditionTable.from_columns(
        columns, categorical=categorical, images=[f"image {row}.tif" for row in range(rows)]
    )


@given(written_tables())
def test_any_table_comes_back_as_it_was_written(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("any") / "table.csv"
    write_conditions(path, table)
    labels = [c.name for c in table.conditions if c.kind == "categorical"]
    again = read_conditions(path, columns=table.names, categorical=labels)
    missing = (
        "",
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "#NV",
        "NaN",
        "nan",
        "NAN",
        "null",
        "NULL",
        "None",
        "-",
        "–",
        "—",
    )
    for name in table.names:
        if name in labels:
            expected = ["" if label in missing else label for label in table[name]]
            assert again[name].tolist() == expected
        else:
            np.testing.assert_array_equal(again[name], table[name])
    assert again.images == table.images

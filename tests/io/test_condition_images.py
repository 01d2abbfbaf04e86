import pytest

from napari_microgen.errors import ConditionsError, InputNotFoundError, TableError
from napari_microgen.io.condition_images import image_files, match_images, read_condition_images


@pytest.fixture
def folder(tmp_path):
    def make(*files, table="file,T\n"):
        for name in files:
            path = tmp_path / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        (tmp_path / "images").mkdir(exist_ok=True)
        (tmp_path / "table.csv").write_text(table, encoding="utf-8")
        return tmp_path / "images", tmp_path / "table.csv"

    return make


@pytest.mark.parametrize(
    ("cell", "file"),
    [
        ("a.tif", "a.tif"),
        ("a", "a.tif"),
        ("A.TIF", "a.tif"),
        ("a.png", "a.tif"),
        ("deep/a.tif", "deep/a.tif"),
        ("images/deep/a.tif", "deep/a.tif"),
        ("deep\\a", "deep/a.tif"),
        ("film-Pos1-50kx.v2", "film-Pos1-50kx.v2.tif"),
    ],
)
def test_a_name_finds_its_file(folder, cell, file):
    images, _ = folder(file, "other.tif")
    found, problems = match_images([cell], image_files(images), images)
    assert found == {cell: images / file}
    assert problems == []


def test_the_closest_name_wins_and_folders_decide_between_equals(folder):
    images, _ = folder("one/a.tif", "two/a.tif", "A.tif")
    found, problems = match_images(["one/a.tif", "two/a", "A.tif"], image_files(images), images)
    assert [path.relative_to(images).as_posix() for path in found.values()] == [
        "one/a.tif",
        "two/a.tif",
        "A.tif",
    ]
    assert problems == []


def test_rows_keep_their_order_and_conditions(folder):
    images, table = folder("a.tif", "b.tif", "c.tif", table="file,T [C]\nc,3\na,1\nb,2\n")
    read = read_condition_images(images, table)
    assert [path.name for path in read.paths] == ["c.tif", "a.tif", "b.tif"]
    assert read.table["T"].tolist() == [3, 1, 2]
    assert read.facts["image_files_not_used"] == 0
    part = read.select([2, 0])
    assert [path.name for path in part.paths] == ["b.tif", "c.tif"]
    assert part.table["T"].tolist() == [2, 3]


def test_the_column_of_images_is_found_by_its_cells(folder):
    images, table = folder("a.tif", "b.tif", table="T,what\n1,a.tif\n2,b.tif\n")
    assert read_condition_images(images, table).facts["image"] == "what"


def test_all_problems_are_listed_at_once(folder):
    images, table = folder(
        "a.tif",
        "b.tif",
        "one/c.tif",
        "two/c.tif",
        "e.tif",
        "f.tif",
        table="file,T\na.tif,500\na,510\nb.tif,warm\nc.tif,1\nd.tif,2\nb.tif,3\n",
    )
    with pytest.raises(ConditionsError) as caught:
        read_condition_images(images, table)
    problems = "\n".join(caught.value.problems)
    for words in (
        "1 of 5 images are not in",
        "d.tif",
        "'c.tif' could be one/c.tif, two/c.tif; give the path",
        "'a.tif' and 'a' are both a.tif",
        "b.tif stands in lines 4 and 7",
        "line 4, column 'T' holds 'warm'",
        "4 of 6 image files stand in no row: e.tif, f.tif, one/c.tif, two/c.tif",
    ):
        assert words in problems, words
    assert len(caught.value.problems) == 6


def test_extra_images_are_refused_unless_told(folder):
    images, table = folder("a.tif", "b.tif", "c.tif", table="file,T\na,1\nb,2\n")
    with pytest.raises(ConditionsError, match=r"1 of 3 image files stand in no row: c.tif"):
        read_condition_images(images, table)
    read = read_condition_images(images, table, extra="leave out")
    assert (len(read), read.facts["image_files_not_used"]) == (2, 1)


def test_images_of_rows_left_out_are_not_extra(folder):
    images, table = folder("a.tif", "b.tif", table="file,T\na,1\nb,2\n")
    assert len(read_condition_images(images, table, where=["T=1"])) == 1


def test_hidden_files_and_tables_are_no_images(folder):
    images, _ = folder("a.tif", ".hidden.tif", ".cache/b.tif", "notes.csv", "a.tif.recipe.json")
    assert [path.name for path in image_files(images)] == ["a.tif"]


def test_nothing_to_match_is_named(folder, tmp_path):
    images, table = folder("a.tif", table="T,p\n1,2\n2,3\n")
    with pytest.raises(TableError, match=r"No column of table.csv names images .* an image there is a.tif"):
        read_condition_images(images, table)
    with pytest.raises(InputNotFoundError, match="not a folder"):
        read_condition_images(tmp_path / "absent", table)
    (images / "a.tif").unlink()
    with pytest.raises(InputNotFoundError, match="holds no images"):
        read_condition_images(images, table)

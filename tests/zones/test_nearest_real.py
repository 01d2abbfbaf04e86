"""The nearest real image of a condition and the words for what differs, on a table with known answers."""

import numpy as np
import pytest
from PIL import Image

from napari_microgen.conditions import ConditionTable
from napari_microgen.errors import MicrogenError, ParameterError
from napari_microgen.zones.nearest_real import RealImages, difference, real_patch

ROWS = [
    {"temperature": 20.0, "time": 1.0, "target": "Cr"},
    {"temperature": 500.0, "time": 1.0, "target": "Cr"},
    {"temperature": 500.0, "time": 100.0, "target": "Cr"},
    {"temperature": 500.0, "time": 100.0, "target": "Al"},
]


@pytest.fixture
def real():
    table = ConditionTable.from_rows(
        ROWS,
        images=["d.tif", "c.tif", "b.tif", "a.tif"],
        units={"temperature": "C"},
        transforms={"time": "log"},
    )
    return RealImages(table.scaler(), tuple(ROWS), table.images, (None,) * 4)


def test_the_nearest_image_and_what_differs(real):
    found = real.nearest({"temperature": 40.0, "time": 1.0, "target": "Cr"})
    assert found.image == "d.tif"
    assert found.difference == "-20 C (temperature)"
    assert found.distance == pytest.approx(20 / 480)


def test_the_swept_value_comes_first(real):
    wanted = {"temperature": 20.0, "time": 100.0, "target": "Cr"}
    assert real.nearest(wanted).image in ("b.tif", "d.tif")
    found = real.nearest(wanted, same=["time"])
    assert found.image == "b.tif"
    assert found.difference == "+480 C (temperature)"


def test_distances_are_those_of_the_declared_scale(real):
    found = real.nearest({"temperature": 500.0, "time": 11.0, "target": "Cr"})
    assert found.image == "b.tif", "11 is nearer to 100 than to 1 by factors"


def test_other_labels_are_never_near(real):
    found = real.nearest({"temperature": 20.0, "time": 1.0, "target": "Al"})
    assert found.image == "a.tif"
    assert "time" in found.difference


def test_ties_go_to_the_first_name(real):
    found = real.nearest({"temperature": 260.0, "time": 1.0, "target": "Cr"})
    assert found.image == "c.tif"


def test_labels_that_differ_are_named():
    words = difference({"target": "Al", "T": 1.0}, {"target": "Cr", "T": 1.0}, {})
    assert words == "target Al instead of Cr"


def test_unknown_values_have_no_nearest_image(real):
    assert real.nearest({"temperature": None, "time": 1.0, "target": "Cr"}) is None


def test_a_model_knows_its_training_conditions(analytic):
    real = RealImages.of_model(analytic())
    found = real.nearest({"heat": 52.0, "flux": 20.0})
    assert found.distance == pytest.approx(0.02)
    assert found.difference == "-2 C (heat)"
    assert found.path is None


def folder(tmp_path, rows="10,5\n90,30", size=40):
    (tmp_path / "images").mkdir()
    for number in range(len(rows.splitlines())):
        image = np.full((size, size + 10), 10 * number, np.uint8)
        image[size // 2 - 8 : size // 2 + 8] += 100
        Image.fromarray(image).save(tmp_path / "images" / f"m{number}.png")
    lines = [f"m{number}.png,{row}" for number, row in enumerate(rows.splitlines())]
    (tmp_path / "c.csv").write_text("file,heat [C],flux\n" + "\n".join(lines) + "\n")
    return tmp_path / "images", tmp_path / "c.csv"


def test_a_folder_of_images_is_searched_and_shown(analytic, tmp_path):
    model = analytic()
    real = RealImages.read(model, *folder(tmp_path))
    found = real.nearest({"heat": 80.0, "flux": 30.0})
    assert found.image == "m1.png"
    assert found.difference == "+10 C (heat)"
    patch = real_patch(found.path, model)
    assert patch.shape == (16, 16)
    assert (patch == 110).all(), "the middle of the image"


def test_a_table_without_a_condition_is_refused(analytic, tmp_path):
    images, table = folder(tmp_path)
    table.write_text(table.read_text().replace("flux", "speed"))
    with pytest.raises(MicrogenError, match="flux"):
        RealImages.read(analytic(), images, table)


def test_an_image_that_is_too_small_is_named(analytic, tmp_path):
    real = RealImages.read(analytic(), *folder(tmp_path, size=12))
    with pytest.raises(ParameterError, match=r"m0.png has 12 x 22 px"):
        real_patch(real.nearest({"heat": 10.0, "flux": 5.0}).path, analytic())

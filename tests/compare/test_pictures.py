"""Pictures inside the page."""

import base64
from io import BytesIO

import numpy as np
from PIL import Image

from napari_microgen.compare.cross_correlation import symmetric
from napari_microgen.compare.pictures import GAP, grey_bytes, grid, heat, pair, png_data


def decoded(address):
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))))


def test_a_picture_survives():
    image = np.random.default_rng(0).integers(0, 256, (5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(png_data(image)), image)
    assert decoded(png_data(image, scale=3)).shape == (15, 21)


def test_contrast_is_that_of_the_type_not_of_the_image():
    grey = np.array([[0, 1000, 65535]], np.uint16)
    assert grey_bytes(grey, 65535.0).tolist() == [[0, 4, 255]]
    assert grey_bytes(np.array([[0, 1]], np.uint8), 1.0).tolist() == [[0, 255]]


def test_a_grid_holds_each_image_in_its_place():
    images = [np.full((4, 6), k, np.uint8) for k in range(5)]
    sheet = grid(images, 3)
    assert sheet.shape == (8 + GAP, 18 + 2 * GAP)
    assert sheet[4 + GAP, 6 + GAP] == 4
    assert (sheet[4 : 4 + GAP] == 255).all()


def test_a_copy_lies_over_its_original():
    large = np.random.default_rng(1).integers(0, 255, (40, 40), dtype=np.uint8)
    known, copy = large[:32, :32], symmetric(large[5:37, 3:35], 6)
    sheet = pair(known, copy, 6, (5, 3))
    middle = sheet[:, 32 + GAP : 64 + GAP]
    np.testing.assert_array_equal(middle[5:, 3:], known[5:, 3:])
    assert (middle[:5] == 255).all()


def test_heat_is_white_for_nothing_and_blue_below():
    colours = heat(np.array([[0.0, 1.0], [-1.0, 2.0]]), 1.0, signed=True)
    assert colours.shape == (2, 2, 3)
    assert colours[1, 0].tolist() == [255, 255, 255]  # first row at the bottom
    assert colours[0, 0, 2] > colours[0, 0, 0]
    assert colours[1, 1].tolist() == colours[0, 1].tolist()

"""The same parts as scipy, in the same order."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import AxesError, ParameterError
from napari_microgen.quantify.connected_components import connected_components, find_components


@pytest.mark.parametrize("solid", [0.05, 0.25, 0.4, 0.6, 0.9])
@pytest.mark.parametrize(
    "shape", [(20, 21, 22), (1, 30, 30), (40, 1, 7), (9, 9, 1), (60, 70), (1, 40), (40, 1)]
)
@pytest.mark.parametrize("neighbours", ["faces", "corners"])
@pytest.mark.parametrize("threads", [1, 3])
def test_same_parts_and_numbers_as_scipy(shape, solid, neighbours, threads):
    phase = np.random.default_rng(int(100 * solid)).random(shape) < solid
    structure = None if neighbours == "faces" else np.ones((3,) * len(shape))
    expected, expected_count = ndimage.label(phase, structure)
    labels, count = connected_components(phase, neighbours=neighbours, threads=threads)
    assert count == expected_count
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, expected)


def test_sizes_and_faces_of_parts():
    phase = np.zeros((4, 5, 6), bool)
    phase[0, 0, 0] = True
    phase[1:3, 2, 1:5] = True
    phase[3, 4, :] = True
    sizes, faces = find_components(phase).sizes_and_faces()
    assert sizes.tolist() == [1, 8, 6]
    assert faces.tolist() == [0b010101, 0, 0b111010]


def test_a_view_gives_what_its_copy_gives():
    phase = np.random.default_rng(0).random((12, 13, 14)) < 0.4
    view = phase.transpose(2, 0, 1)[:, ::-1]
    np.testing.assert_array_equal(connected_components(view)[0], connected_components(view.copy())[0])


def test_empty_and_full():
    assert connected_components(np.zeros((3, 3, 3), bool))[1] == 0
    assert connected_components(np.ones((3, 3, 3), bool))[1] == 1
    assert connected_components(np.zeros((0, 3), bool))[1] == 0


def test_wrong_input_is_named():
    with pytest.raises(AxesError, match="expected an image or a volume"):
        find_components(np.zeros((2, 2, 2, 2), bool))
    with pytest.raises(ParameterError, match="there are 'faces' and 'corners'"):
        find_components(np.ones((2, 2), bool), neighbours="edges")

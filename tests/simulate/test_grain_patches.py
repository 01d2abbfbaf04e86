import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.progress import finish
from napari_microgen.simulate.grain_patches import random_patches


def wave(rows, columns):
    """A smooth function that is periodic on 64 x 96."""
    return np.sin(2 * np.pi * rows / 64) + np.cos(2 * np.pi * columns / 96)


def field():
    return wave(*np.mgrid[:64, :96]).astype(np.float32)


def test_patches_show_the_turned_domain():
    found = finish(random_patches({"wave": field()}, 20, 32, 0))
    along = np.arange(32) - 15.5
    for patch, (row, column, angle) in zip(found["wave"], found["places"], strict=True):
        down, across = np.meshgrid(along, along, indexing="ij")
        rows = row + np.cos(angle) * down - np.sin(angle) * across
        columns = column + np.sin(angle) * down + np.cos(angle) * across
        np.testing.assert_allclose(patch, wave(rows, columns), atol=0.003)  # of linear interpolation
    assert len(np.unique(found["places"][:, 2])) == 20


def test_labels_stay_whole_and_belong_together_with_the_other_map():
    labels = (np.mgrid[:64, :96][0] // 8 + 100).astype(np.uint16)
    found = finish(random_patches({"labels": labels, "rows": labels.astype(np.float32)}, 10, 20, 1))
    assert found["labels"].dtype == np.uint16
    assert set(np.unique(found["labels"])) <= set(range(100, 108))
    assert np.median(np.abs(found["labels"] - found["rows"])) == 0


def test_straight_patches_are_turned_by_nothing_and_seeds_decide():
    straight = finish(random_patches({"wave": field()}, 5, 40, 2, rotate=False))
    assert (straight["places"][:, 2] == 0).all()
    again = finish(random_patches({"wave": field()}, 5, 40, 2, rotate=False))
    np.testing.assert_array_equal(straight["wave"], again["wave"])


@pytest.mark.parametrize(("count", "size"), [(0, 10), (1, 0), (1, 44)])
def test_patches_that_do_not_fit_are_refused(count, size):
    with pytest.raises(ParameterError, match="patches of"):
        finish(random_patches({"wave": field()}, count, size, 0))

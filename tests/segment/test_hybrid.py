import numpy as np
import pytest

from napari_microgen.segment.grey_histogram import grey_histogram
from napari_microgen.segment.hybrid import Thresholds, find_thresholds, label_plane


def plane(seed=0):
    """Solid at 180, pore at 40, and a block of shine-through at 140, with noise."""
    grey = np.full((80, 80), 180.0)
    grey[10:40, 10:40] = 40
    grey[50:70, 50:70] = 130
    return np.clip(grey + np.random.default_rng(seed).normal(0, 8, grey.shape), 0, 255).astype(np.uint8)


def test_three_classes_lie_where_they_were_drawn():
    grey = plane()
    thresholds = find_thresholds(grey_histogram(grey), hybrid=True)
    assert not thresholds.fallback
    assert 40 < thresholds.otsu < 130 < thresholds.foot < 180
    labels = label_plane(grey, thresholds, 25.0, 0.2)
    inner = np.s_[13:37, 13:37], np.s_[53:67, 53:67], np.s_[:6, :]
    assert [np.unique(labels[where]).tolist() for where in inner] == [[2], [3], [1]]


def test_otsu_alone_has_two_classes():
    labels = label_plane(plane(), find_thresholds(grey_histogram(plane()), hybrid=False), 25.0, 0.2)
    assert set(np.unique(labels)) == {1, 2}


def test_otsu_wins_where_the_superpixel_says_solid():
    """A lone dark pixel in the solid stays pore though its superpixel is bright."""
    grey = plane()
    grey[5, 5] = 0
    labels = label_plane(grey, Thresholds(90.0, 160.0), 25.0, 0.2)
    assert labels[5, 5] == 2


def test_a_lone_noisy_pixel_below_the_foot_is_not_shine_through():
    grey = plane()
    grey[5, 40] = 150
    labels = label_plane(grey, Thresholds(90.0, 160.0), 25.0, 0.2)
    assert labels[5, 40] == 1


def test_without_a_foot_otsu_stands_alone():
    grey = np.zeros((30, 30), np.uint8)
    grey[0, :8] = 255
    found = find_thresholds(grey_histogram(grey), hybrid=True)
    assert found == Thresholds(127.5, None, fallback=True)
    np.testing.assert_array_equal(label_plane(grey, found, 25.0, 0.2) == 1, grey == 255)


def test_a_plane_of_one_value_is_labelled_by_given_thresholds():
    assert (label_plane(np.full((5, 5), 9.0), Thresholds(20.0, 30.0), 25.0, 0.2) == 2).all()


@pytest.mark.parametrize("area", [5.0, 25.0, 200.0])
def test_solid_never_grows_over_otsu_pores(area):
    grey = plane(1)
    thresholds = find_thresholds(grey_histogram(grey), hybrid=True)
    labels = label_plane(grey, thresholds, area, 0.2)
    assert (labels[grey <= thresholds.otsu] == 2).all()

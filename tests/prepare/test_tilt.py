"""Foreshortening undone."""

import math

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.prepare.tilt import correct_tilt, stretched_rows


def test_a_disk_seen_at_an_angle_becomes_round_again():
    rows, columns = np.mgrid[-150:151, -200:201].astype(float)
    foreshortened = ((rows / math.cos(math.radians(36))) ** 2 + columns**2 <= 120**2).astype(float)
    disk = correct_tilt(foreshortened, 36.0) > 0.5
    down, right = disk.any(axis=1).sum(), disk.any(axis=0).sum()
    assert abs(int(down) - int(right)) <= 2
    assert disk.sum() == pytest.approx(math.pi * 120**2, rel=0.01)


def test_a_ramp_stays_a_ramp_and_the_ends_stay():
    ramp = np.arange(100.0)[:, None] * np.ones(3)
    stretched = correct_tilt(ramp, 60.0)
    assert stretched.shape == (200, 3)
    assert np.allclose(np.diff(stretched[2:-2, 0]), 0.5)
    assert stretched[0, 0] == 0
    assert stretched[-1, 0] == 99
    assert stretched_rows(100, 60.0) == 200


def test_one_row_is_possible():
    assert correct_tilt(np.ones((1, 4)), 36.0).shape == (1, 4)


@pytest.mark.parametrize("angle", [0.0, -3.0, 85.0, float("nan")])
def test_angles_that_are_no_tilt_are_refused(angle):
    with pytest.raises(ParameterError, match="tilt"):
        correct_tilt(np.ones((4, 4)), angle)

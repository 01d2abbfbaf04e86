"""Strut diameters of cylinders, crossings and random structures."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.progress import finish
from napari_microgen.quantify.strut_diameter import fit_log_normal, measure
from napari_microgen.quantify.struts import struts


def rod(radius, spacing, direction, edge=48.0, offset=(0.0, 0.0, 0.0)):
    """Straight cylinder through the middle of a box of ``edge`` on each side, plus ``offset``."""
    shape = [round(edge / h) for h in spacing]
    axes = [(np.arange(n) - (n - 1) / 2) * h - o for n, h, o in zip(shape, spacing, offset, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
    unit = np.asarray(direction) / np.linalg.norm(direction)
    along = place @ unit
    return (place**2).sum(-1) - along**2 <= radius**2


DIRECTIONS = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (2, -1, 3)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("radius", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.344, 1.0, 1.0)])
def test_a_cylinder_has_its_diameter_within_a_quarter_voxel(radius, spacing, direction):
    found = struts(rod(radius, spacing, direction, offset=(0.3, -0.2, 0.1)), spacing)
    assert len(found.diameter) == 1
    assert found.diameter[0] == pytest.approx(2 * radius, abs=0.25 * max(spacing))


def test_the_diameter_scales_with_the_voxel():
    phase = rod(5.0, (1.0, 1.0, 1.0), (2, -1, 3))
    one, tenth = (struts(phase, (h,) * 3).diameter[0] for h in (1.0, 0.1))
    assert tenth == pytest.approx(one / 10, rel=1e-4)


def test_two_diameters_that_cross_are_told_apart():
    spacing = (1.0, 1.0, 1.0)
    thick, thin = rod(7.0, spacing, (1, 0, 0), 80.0), rod(4.0, spacing, (0, 1, 0), 80.0)
    found = struts(thick | thin, spacing)
    assert len(found.diameter) == 4
    np.testing.assert_allclose(np.sort(found.diameter), [8, 8, 14, 14], atol=0.5)


def test_labels_and_field_show_the_struts():
    phase = rod(4.0, (1.0, 1.0, 1.0), (1, 1, 0)) | rod(4.0, (1.0, 1.0, 1.0), (1, -1, 0))
    found = struts(phase, (1.0, 1.0, 1.0))
    labels, field = found.labels(), found.field()
    assert labels.shape == field.shape == phase.shape
    assert set(np.unique(labels)) == set(range(len(found.diameter) + 1))
    assert not (labels[~phase]).any()
    for k, diameter in enumerate(found.diameter):
        assert (field[labels == k + 1] == np.float32(diameter)).all()
    assert np.isnan(field[labels == 0]).all()


def test_short_spurs_are_pruned():
    phase = rod(6.0, (1.0, 1.0, 1.0), (1, 0, 0))
    phase[24, 24 + 6 : 24 + 8, 24] = True  # a bump of two voxels
    found = struts(phase, (1.0, 1.0, 1.0))
    assert len(found.diameter) == 1


def test_a_ring_is_one_closed_strut():
    z, y, x = np.indices((25, 61, 61)) - np.array([12, 30, 30])[:, None, None, None]
    found = struts((np.hypot(y, x) - 17) ** 2 + z**2 <= 16, (1.0, 1.0, 1.0))
    assert len(found.diameter) == 1
    assert found.diameter[0] == pytest.approx(8.0, abs=0.25)
    assert found.length[0] == pytest.approx(2 * np.pi * 17, rel=0.12)


def random_structure(seed, edge=80, sigma=3.0):
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((edge,) * 3), sigma)
    return smooth > 0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flips_change_the_mean_little(axis):
    phase = random_structure(0)
    [before], [after] = (finish(measure(p, (0.02, 0.02, 0.02))) for p in (phase, np.flip(phase, axis)))
    assert after.value == pytest.approx(before.value, rel=0.02)


def test_a_coarser_plane_spacing_gives_the_same_diameter():
    """The same smooth structure, sampled at every and at every second plane."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal((112, 112, 112)), 5.0)
    [fine] = finish(measure(smooth > 0, (1.0, 1.0, 1.0)))
    [coarse] = finish(measure(smooth[::2] > 0, (2.0, 1.0, 1.0)))
    assert coarse.value == pytest.approx(fine.value, rel=0.04)


def test_the_feature_carries_fit_and_interval():
    [feature] = finish(measure(random_structure(1), (0.02, 0.02, 0.02)))
    assert feature.name == "strut_diameter"
    assert feature.unit == "um"
    assert feature.low < feature.value < feature.high
    details = feature.details
    assert details["struts"] == sum(details["distribution"]["counts"])
    assert feature.value == pytest.approx(np.exp(details["log_mean"] + details["log_sd"] ** 2 / 2))
    assert details["ks_distance"] < 0.2
    [again] = finish(measure(random_structure(1), (0.02, 0.02, 0.02)))
    assert again == feature


def test_a_log_normal_sample_is_found_again():
    values = np.random.default_rng(0).lognormal(1.5, 0.3, 200_000)
    fit = fit_log_normal(values)
    assert fit.mu == pytest.approx(1.5, abs=0.003)
    assert fit.s == pytest.approx(0.3, abs=0.002)
    assert fit.mean == pytest.approx(values.mean(), rel=0.002)
    assert fit.ks < 0.004


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        (np.zeros((6, 6, 6), bool), "the phase is absent"),
        (np.ones((6, 6, 6), bool), "the phase fills the volume, so it has no struts"),
        (np.ones((1, 1, 1), bool), "the phase fills the volume, so it has no struts"),
        (np.eye(6, dtype=bool)[None], "only 0 struts, at least 20 are needed"),
        (np.arange(27).reshape(3, 3, 3) == 13, "only 0 struts, at least 20 are needed"),
        (np.arange(216).reshape(6, 6, 6) != 100, "only 0 struts, at least 20 are needed"),
        (rod(3.0, (1.0, 1.0, 1.0), (1, 0, 0)), "only 1 struts, at least 20 are needed"),
    ],
)
def test_too_few_struts_are_undefined_with_a_reason(phase, reason):
    [feature] = finish(measure(phase, (1.0, 1.0, 1.0)))
    assert feature.value is None
    assert feature.reason == reason


def test_an_unknown_voxel_size_leaves_it_undefined():
    [feature] = finish(measure(random_structure(0, 20), None))
    assert feature.reason == "voxel size unknown"

"""Truth of the geodesic tortuosity: formulas, symmetries and an independent solver."""

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import NotPercolatingError, ParameterError
from napari_microgen.progress import finish
from napari_microgen.quantify.geodesic_tortuosity import (
    NAMES,
    SIX,
    directional_tortuosity,
    geodesic_tortuosity,
    measure,
)

SPACINGS = [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (0.025, 0.0186, 0.0186)]


def random_structure(shape=(40, 40, 40), sigma=3.0, solid=0.6, seed=0):
    noise = np.random.default_rng(seed).standard_normal(shape)
    smooth = ndimage.gaussian_filter(noise, sigma, mode="wrap")
    return smooth > np.quantile(smooth, 1 - solid)


def last_quarter(layers):
    return np.arange(layers) + 0.5 > 0.75 * layers


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("accuracy", ["paper", "extrapolated"])
def test_a_block_without_pores_has_tortuosity_one_exactly(spacing, accuracy):
    for result in directional_tortuosity(
        np.ones((21, 13, 9), bool), spacing, directions=SIX, accuracy=accuracy
    ):
        assert result.mean == 1.0
        assert result.median == pytest.approx(1.0, abs=1e-4)
        assert result.sd == 0.0
        assert result.reached_fraction == 1.0


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_straight_channel_has_tortuosity_one(spacing, axis):
    shape = [9, 9, 9]
    shape[axis] = 300
    phase = np.zeros(shape, bool)
    inside = [slice(3, 6)] * 3
    inside[axis] = slice(None)
    phase[tuple(inside)] = True
    direction = ("plane", "row", "column")[axis] + "-"
    assert geodesic_tortuosity(phase, spacing, direction=direction) == pytest.approx(1.0, abs=1e-6)


def wall_with_slit(spacing, planes=48, columns=60, wall=20, thick=2, half=6):
    """Phase and exact tortuosity along plane+ behind a wall with a straight slit."""
    phase = np.ones((planes, 3, columns), bool)
    centre = columns // 2
    phase[wall : wall + thick] = False
    phase[wall : wall + thick, :, centre - half : centre + half] = True
    depth = (np.arange(planes) + 0.5) * spacing[0]
    aside = np.abs((np.arange(columns) + 0.5 - centre) * spacing[2])
    behind = (wall + thick) * spacing[0]
    way = behind + np.hypot(depth[:, None] - behind, np.maximum(aside - half * spacing[2], 0)[None])
    return phase, (way / depth[:, None])[last_quarter(planes)].mean()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_behind_a_wall_with_a_slit_the_way_is_known(spacing):
    phase, exact = wall_with_slit(spacing)
    plain = geodesic_tortuosity(phase, spacing, direction="plane+")
    better = geodesic_tortuosity(phase, spacing, direction="plane+", accuracy="extrapolated")
    assert plain - 1 == pytest.approx(exact - 1, rel=0.08)
    assert better - 1 == pytest.approx(exact - 1, rel=0.005)


def serpentine(spacing, bays=5, pitch=12, columns=40, gap=10, thick=2):
    """Baffles open left and right in turn; exact ways to the voxels of the last bay."""
    planes = bays * pitch
    phase = np.ones((planes, 3, columns), bool)
    way, at = 0.0, None
    for bay in range(1, bays):
        first, left = bay * pitch - 1, bay % 2 == 1
        phase[first : first + thick, :, gap if left else 0 : columns if left else columns - gap] = False
        corner = (gap if left else columns - gap) * spacing[2]
        near, far = first * spacing[0], (first + thick) * spacing[0]
        way += near if at is None else np.hypot(near - at[0], corner - at[1])
        way += far - near
        at = far, corner
    depth = (np.arange(planes) + 0.5) * spacing[0]
    column = (np.arange(columns) + 0.5) * spacing[2]
    behind = depth > at[0]
    ways = way + np.hypot(depth[behind, None] - at[0], column[None] - at[1])
    return phase, behind, (ways / depth[behind, None]).mean()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_extrapolation_finds_the_way_through_a_serpentine(spacing):
    phase, behind, exact = serpentine(spacing)

    def behind_the_last_baffle(accuracy):
        [result] = directional_tortuosity(phase, spacing, directions=["plane+"], accuracy=accuracy)
        return np.array(result.profile, float)[behind].mean()

    assert behind_the_last_baffle("extrapolated") == pytest.approx(exact, rel=0.003)
    assert exact < behind_the_last_baffle("paper") < exact * 1.05


@pytest.mark.parametrize("spacing", SPACINGS[:2])
def test_a_channel_at_45_degrees(spacing):
    width, length = 12.0, 60.0
    planes, columns = round(length / spacing[0]), int(length + width + 4)
    depth, column = (np.arange(planes) + 0.5) * spacing[0], np.arange(columns) - 1.5
    across = column[None] - depth[:, None]
    inside = (across >= 0) & (across <= width)
    way = np.hypot(depth[:, None], np.maximum(0, column[None] - width))
    last = last_quarter(planes)
    exact = (way / depth[:, None])[last][inside[last]].mean()
    phase = np.repeat(inside[:, None], 3, axis=1)
    assert geodesic_tortuosity(phase, spacing, direction="plane+") == pytest.approx(exact, rel=0.01)


def test_a_dead_end_is_undefined_with_its_reason():
    phase = np.zeros((20, 8, 8), bool)
    phase[:14, 3:5, 3:5] = True
    with pytest.raises(NotPercolatingError, match=r"not percolating along \+plane"):
        geodesic_tortuosity(phase, (1.0, 1.0, 1.0), direction="plane+")
    [forward, sideways] = directional_tortuosity(phase, (1.0, 1.0, 1.0), directions=["plane+", "row-"])
    assert forward.mean is None
    assert sideways.reason == "not percolating along -row"


def test_side_branches_that_cannot_be_reached_are_left_out_and_counted():
    phase = np.zeros((20, 9, 9), bool)
    phase[:, 0:2, 0:2] = True
    phase[16:, 6:8, 6:8] = True
    [result] = directional_tortuosity(phase, (1.0, 1.0, 1.0), directions=["plane+"])
    assert result.mean == 1.0
    assert result.reached_fraction == pytest.approx(5 / 9)  # 5 * 4 of 5 * 4 + 4 * 4 voxels


def test_voxels_that_share_only_an_edge_are_not_connected():
    phase = np.zeros((8, 4, 4), bool)
    phase[:4, 1, 1] = phase[4:, 2, 1] = True
    with pytest.raises(NotPercolatingError):
        geodesic_tortuosity(phase, (1.0, 1.0, 1.0), direction="plane+")


@pytest.mark.parametrize("spacing", SPACINGS)
def test_flipping_an_axis_swaps_its_directions(spacing):
    phase = random_structure()
    before = {r.direction: r.mean for r in directional_tortuosity(phase, spacing, directions=SIX)}
    after = {r.direction: r.mean for r in directional_tortuosity(phase[:, ::-1], spacing, directions=SIX)}
    swapped = {"row+": "row-", "row-": "row+"}
    for direction, value in before.items():
        assert after[swapped.get(direction, direction)] == pytest.approx(value, abs=1e-7)


def test_turning_the_volume_turns_the_directions():
    phase = random_structure()
    plane = geodesic_tortuosity(phase, (2.0, 1.0, 1.0), direction="plane+")
    turned = phase.transpose(2, 0, 1)
    assert geodesic_tortuosity(turned, (1.0, 2.0, 1.0), direction="row+") == pytest.approx(plane, abs=1e-5)


def test_the_unit_of_the_spacing_does_not_matter():
    phase = random_structure()
    small, large = (geodesic_tortuosity(phase, (25e-3 * f, 18e-3 * f, 18e-3 * f)) for f in (1.0, 1000.0))
    assert small == pytest.approx(large, abs=1e-6)


@pytest.mark.parametrize("spacing", [*SPACINGS, (1.0, 4.0, 1.0)])
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_scikit_fmm(spacing, seed):
    pytest.importorskip("skfmm")
    phase = random_structure(seed=seed)
    ours = directional_tortuosity(phase, spacing, directions=SIX)
    theirs = directional_tortuosity(phase, spacing, directions=SIX, engine="skfmm")
    for a, b in zip(ours, theirs, strict=True):
        assert a.mean == pytest.approx(b.mean, abs=max(2e-4, 0.003 * (b.mean - 1)))
        assert a.median == pytest.approx(b.median, abs=max(3e-4, 0.01 * (b.median - 1)))
        assert a.sd == pytest.approx(b.sd, abs=max(3e-4, 0.01 * b.sd))
        assert a.reached_fraction == b.reached_fraction


def test_extrapolation_removes_most_of_the_grid_bias():
    """The truth is the same smooth structure on a grid three times finer, extrapolated there."""
    noise = np.random.default_rng(5).standard_normal((48, 48, 48))
    smooth = ndimage.gaussian_filter(noise, 4.0).astype(np.float32)
    level = np.quantile(smooth, 0.4)
    fine = ndimage.zoom(smooth, 3, order=3, grid_mode=True, mode="nearest") > level
    third = (1 / 3,) * 3
    [truth] = directional_tortuosity(fine, third, directions=["row+"], accuracy="extrapolated")
    [result] = directional_tortuosity(
        smooth > level, (1.0, 1.0, 1.0), directions=["row+"], accuracy="extrapolated"
    )
    plain = result.mean + result.grid_bias
    assert abs(result.mean - truth.mean) <= 0.05 * (truth.mean - 1)
    assert plain - truth.mean > 0.15 * (truth.mean - 1)


def test_tortuosity_is_at_least_one_on_noise():
    for seed in range(20):
        phase = np.random.default_rng(seed).random((12, 12, 12)) < 0.6
        for result in directional_tortuosity(phase, (1.0, 2.0, 1.0), directions=SIX):
            assert result.mean is None or result.mean >= 1.0


DEGENERATE = {
    "empty": np.zeros((6, 6, 6), bool),
    "full": np.ones((6, 6, 6), bool),
    "one voxel": np.ones((1, 1, 1), bool),
    "one plane": np.ones((1, 8, 8), bool),
    "one row": np.ones((1, 1, 8), bool),
    "two planes": np.ones((2, 2, 2), bool),
    "no voxel": np.zeros((0, 4, 4), bool),
    "image": np.ones((8, 8), bool),
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("accuracy", ["paper", "extrapolated"])
def test_degenerate_volumes_have_a_value_or_a_reason(name, accuracy):
    phase = DEGENERATE[name]
    features = finish(measure(phase, (1.0,) * phase.ndim, accuracy=accuracy))
    assert {f.name for f in features} <= set(NAMES)
    assert features[0].name == "geodesic_tortuosity"
    for feature in features:
        assert feature.value == 1.0 or feature.reason
    if name in ("full", "image"):
        assert all(f.value == 1.0 for f in features)
    if name in ("empty", "no voxel"):
        assert {f.reason for f in features} == {"the phase is absent"}


def test_the_headline_is_the_mean_of_five_directions():
    phase = random_structure()
    features = {f.name: f for f in finish(measure(phase, (1.0, 1.0, 1.0)))}
    parts = [f.value for name, f in features.items() if "." in name]
    assert len(parts) == 5
    assert "geodesic_tortuosity.row-" not in features
    assert features["geodesic_tortuosity"].value == pytest.approx(np.mean(parts))
    row = features["geodesic_tortuosity.row+"].details
    assert len(row["profile"]) == 40
    assert sum(row["distribution"]["counts"]) == pytest.approx(
        phase[:, last_quarter(40)].sum() * row["reached_fraction"]
    )


def test_one_missing_direction_makes_the_headline_undefined_unless_asked_otherwise():
    phase = np.zeros((9, 9, 9), bool)
    phase[:, 3:6, 3:6] = True
    strict = finish(measure(phase, (1.0, 1.0, 1.0)))[0]
    assert strict.value is None
    assert "not percolating along +row" in strict.reason
    available = finish(measure(phase, (1.0, 1.0, 1.0), average="available"))[0]
    assert available.value == 1.0
    assert "not percolating along +row" in available.reason


def test_an_unknown_voxel_size_leaves_it_undefined():
    features = finish(measure(np.ones((5, 5, 5), bool), None))
    assert {f.reason for f in features} == {"voxel size unknown"}


def test_an_unknown_direction_is_named():
    with pytest.raises(ParameterError, match="'up' is not a direction"):
        geodesic_tortuosity(np.ones((5, 5, 5), bool), (1.0, 1.0, 1.0), direction="up")

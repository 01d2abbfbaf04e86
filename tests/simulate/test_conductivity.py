import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from napari_microgen.errors import AxesError, InvalidVoxelSizeError, NonFiniteError, ParameterError
from napari_microgen.simulate.conductivity import conductivity_steps, effective_conductivity
from napari_microgen.simulate.gaussian_field import level_cut_field


def by_direct_solve(values, spacing):
    """The same network put together voxel by voxel and solved by elimination, current along axis 0."""
    hz, hy, hx = spacing
    number = np.full(values.shape, -1)
    number[values > 0] = np.arange(np.count_nonzero(values > 0))
    rows, columns, weights = [], [], []
    own = np.zeros(number.max() + 1)
    supply = np.zeros_like(own)
    for axis, joint in enumerate((hy * hx / hz, hz * hx / hy, hz * hy / hx)):
        for place in np.argwhere(values > 0):
            other = place.copy()
            other[axis] += 1
            if other[axis] >= values.shape[axis] or values[tuple(other)] == 0:
                continue
            a, b = values[tuple(place)], values[tuple(other)]
            g = joint * 2 * a * b / (a + b)
            i, j = number[tuple(place)], number[tuple(other)]
            rows += [i, j]
            columns += [j, i]
            weights += [-g, -g]
            own[i] += g
            own[j] += g
    electrode = 2 * hy * hx / hz
    first, last = number[0][number[0] >= 0], number[-1][number[-1] >= 0]
    own[first] += electrode * values[0][values[0] > 0]
    own[last] += electrode * values[-1][values[-1] > 0]
    supply[first] = electrode * values[0][values[0] > 0]
    matrix = sparse.coo_matrix((weights, (rows, columns)), shape=(own.size, own.size)).tocsc()
    potential = spsolve(matrix + sparse.diags(own).tocsc(), supply)
    current = np.sum(electrode * values[-1][values[-1] > 0] * potential[last])
    return current * values.shape[0] * hz / (values.shape[1] * hy * values.shape[2] * hx)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5), (25.0, 18.6, 18.6)])
@pytest.mark.parametrize("shape", [(12, 9, 7), (5, 16, 3), (1, 4, 4)])
def test_equal_to_elimination_on_random_conductivities(shape, spacing):
    values = np.random.default_rng(0).uniform(0.1, 5, shape)
    assert effective_conductivity(values, spacing).value == pytest.approx(
        by_direct_solve(values, spacing), rel=1e-5
    )


def test_equal_to_elimination_on_a_porous_solid():
    solid = level_cut_field((14, 13, 12), 1.5, 0.65, 3)
    found = effective_conductivity(solid, (1.4, 1.0, 1.0))
    from scipy import ndimage

    labels, _ = ndimage.label(solid)
    kept = np.isin(labels, np.setdiff1d(np.intersect1d(labels[0], labels[-1]), 0))
    assert found.value == pytest.approx(by_direct_solve(kept.astype(float), (1.4, 1.0, 1.0)), rel=1e-5)
    assert found.imbalance < 1e-4


def test_straight_channels_conduct_by_their_cross_section():
    solid = np.zeros((20, 10, 12), bool)
    solid[:, 2:5, 3:9] = True
    assert effective_conductivity(solid, (2.0, 1.0, 1.0)).value == pytest.approx(18 / 120, rel=1e-6)


def test_full_block_conducts_as_the_material():
    assert effective_conductivity(np.ones((7, 5, 6), bool), (25, 18.6, 18.6)).value == pytest.approx(
        1, rel=1e-6
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_in_series_and_side_by_side(axis):
    layers = np.where(np.arange(16) % 4 < 1, 0.2, 3.0)
    block = np.moveaxis(np.broadcast_to(layers[:, None, None], (16, 8, 9)), 0, axis)
    harmonic, arithmetic = 1 / np.mean(1 / layers), np.mean(layers)
    for along in range(3):
        expected = harmonic if along == axis else arithmetic
        assert effective_conductivity(block, (1.0, 1.3, 0.7), along).value == pytest.approx(
            expected, rel=1e-6
        )


def over_rayleigh(cells, spacing, holes):
    """Found over expected: insulating spheres on a cubic lattice (Rayleigh 1892), an eighth of a cell."""
    edge = cells[0] * spacing[0]
    radius = edge * (holes * 6 / np.pi) ** (1 / 3)
    z, y, x = np.ogrid[: cells[0], : cells[1], : cells[2]]
    squares = sum(((i + 0.5) * h) ** 2 for i, h in zip((z, y, x), spacing, strict=True))
    phase = squares > radius**2
    porosity = 1 - phase.mean()
    high = 0.394 * porosity ** (10 / 3)
    return effective_conductivity(phase, spacing).value * (2 + porosity - high) / (2 - 2 * porosity - high)


@pytest.mark.parametrize("spacing", [(1, 1, 1), (2, 1, 1)])
@pytest.mark.parametrize("holes", [0.05, 0.1])
def test_cubic_array_of_holes_follows_rayleigh(spacing, holes):
    coarse, fine = (over_rayleigh((n // spacing[0], n, n), spacing, holes) for n in (24, 48))
    assert coarse < fine < 1  # steps on the spheres cost conductivity, half as much at half the edge
    assert fine == pytest.approx(1, abs=0.006)
    assert 2 * fine - coarse == pytest.approx(1, abs=0.001)


def test_random_solids_stay_below_the_bound_of_hashin_and_shtrikman():
    for seed, density in enumerate((0.4, 0.6, 0.8)):
        solid = level_cut_field((40, 40, 40), 3.0, density, seed)
        value = effective_conductivity(solid).value
        assert 0 < value < 2 * density / (3 - density)


def test_nothing_through_gives_exactly_zero():
    solid = np.ones((8, 8, 8), bool)
    solid[4] = False
    found = effective_conductivity(solid)
    assert (found.value, found.iterations) == (0.0, 0)
    diagonal = np.zeros((2, 2, 2), bool)
    diagonal[0, 0, 0] = diagonal[1, 1, 1] = True
    assert effective_conductivity(diagonal).value == 0.0


def test_islands_and_dead_ends_change_nothing():
    solid = np.zeros((16, 12, 12), bool)
    solid[:, 4:7, 4:7] = True
    alone = effective_conductivity(solid).value
    solid[5:8, 9:11, 9:11] = True
    solid[:6, 0:2, 0:2] = True
    solid[12:, 0:2, 9:] = True
    assert effective_conductivity(solid).value == pytest.approx(alone, rel=1e-6)


def test_symmetries():
    solid = level_cut_field((24, 28, 20), 2.0, 0.6, 1)
    base = effective_conductivity(solid, (1.3, 1.0, 0.8)).value
    assert effective_conductivity(solid[::-1], (1.3, 1.0, 0.8)).value == pytest.approx(base, rel=1e-5)
    assert effective_conductivity(solid[:, ::-1], (1.3, 1.0, 0.8)).value == pytest.approx(base, rel=1e-5)
    turned = np.transpose(solid, (1, 2, 0))
    assert effective_conductivity(turned, (1.0, 0.8, 1.3), 2).value == pytest.approx(base, rel=1e-5)
    assert effective_conductivity(solid, (13, 10, 8)).value == pytest.approx(base, rel=1e-5)
    assert effective_conductivity(5.0 * solid, (1.3, 1.0, 0.8)).value == pytest.approx(5 * base, rel=1e-5)


def test_it_can_be_watched_and_stopped():
    steps = conductivity_steps(level_cut_field((24, 24, 24), 2.0, 0.6, 1))
    messages = [next(steps).message for _ in range(3)]
    assert "residual" in messages[2]
    steps.close()


@pytest.mark.parametrize(
    ("values", "options", "error"),
    [
        (np.ones((4, 4)), {}, AxesError),
        (np.ones((0, 4, 4)), {}, AxesError),
        (np.full((3, 3, 3), np.nan), {}, NonFiniteError),
        (np.full((3, 3, 3), -1.0), {}, NonFiniteError),
        (np.ones((3, 3, 3)), {"axis": 3}, ParameterError),
        (np.ones((3, 3, 3)), {"tolerance": 0}, ParameterError),
        (np.ones((3, 3, 3)), {"spacing": (1, 1)}, ParameterError),
        (np.ones((3, 3, 3)), {"spacing": (1, 0, 1)}, InvalidVoxelSizeError),
    ],
)
def test_bad_input_is_named(values, options, error):
    with pytest.raises(error):
        effective_conductivity(values, **options)

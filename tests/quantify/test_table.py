"""The table of a label map: derived quantities, sub-volumes, memory, and what belongs to all features."""

import subprocess
import sys

import numpy as np
import pytest

from napari_microgen.errors import MemoryLimitError, ParameterError, UnknownVoxelSizeError
from napari_microgen.progress import finish
from napari_microgen.quantify import curvature, geodesic_tortuosity, strut_diameter
from napari_microgen.quantify.bruggeman_exponent import measure as measure_exponent
from napari_microgen.quantify.catalogue import quantities
from napari_microgen.quantify.curvature_ratio import measure as measure_ratio
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume

SPACING = (1.3, 1.0, 1.0)
SYMMETRIC = """relative_density specific_surface_area mean_curvature gaussian_curvature euler_number
chord_length lineal_path two_point_correlation percolating_fraction local_thickness"""


@pytest.fixture(scope="module")
def field(level_cut):
    return level_cut((40, 44, 48), 2.5, -0.2, SPACING).phase


def labels(phase, spacing=SPACING, unit="um"):
    return Volume(phase.astype(np.uint8), "ZYX"[3 - phase.ndim :], spacing, unit, kind="labels")


def test_each_quantity_is_measured_once_and_the_derived_ones_equal_their_own_measure(field, monkeypatch):
    calls = []
    for module in (geodesic_tortuosity, curvature, strut_diameter):
        original = module.measure

        def counted(*arguments, original=original, name=module.__name__, **keywords):
            calls.append(name)
            return original(*arguments, **keywords)

        monkeypatch.setattr(module, "measure", counted)
    table = quantify(labels(field))
    assert sorted(calls) == sorted(m.__name__ for m in (geodesic_tortuosity, curvature, strut_diameter))
    (exponent,) = finish(measure_exponent(field, SPACING))
    (ratio,) = finish(measure_ratio(field, SPACING))
    assert table["bruggeman_exponent"].value == exponent.value is not None
    assert table["curvature_ratio"].value == ratio.value is not None


def test_a_derived_quantity_alone_brings_no_others(field):
    table = quantify(labels(field), features=("bruggeman_exponent",))
    assert [f.name for f in table] == ["bruggeman_exponent"]
    assert table["bruggeman_exponent"].value > 0
    unknown = quantify(labels(field, None, None), features=("bruggeman_exponent", "relative_density"))
    assert unknown["bruggeman_exponent"].reason == "voxel size unknown"


def test_three_sub_volumes_give_mean_and_interval(field):
    names = ("relative_density", "specific_surface_area", "bruggeman_exponent")
    table = quantify(
        labels(field), features=names, voi_count=3, voi_size=(20.0,), voi_unit="voxel", voi_rows=True
    )
    assert table.facts["sub_volumes"]["size_voxels"] == [20, 20, 20]
    boxes = table.facts["sub_volumes"]["boxes"]
    assert len(boxes) == 3
    assert len(table.samples()) == 4
    for name in names:
        rows = [f for f in table if f.name == name and f.sample]
        parts = [tuple(slice(*edge) for edge in box) for box in boxes]
        alone = [quantify(labels(field[part]), features=(name,))[name].value for part in parts]
        assert [f.value for f in rows] == alone
        mean = table[name]
        assert mean.value == pytest.approx(np.mean(alone))
        half = 4.302653 * np.std(alone, ddof=1) / np.sqrt(3)  # Student's t for 2 degrees of freedom
        assert (mean.low, mean.high) == pytest.approx((mean.value - half, mean.value + half), rel=1e-6)
        assert "mean of 3 sub-volumes" in mean.method
    content = table.as_dict()
    assert set(content) == set(names)
    assert set(table.facts["further"]) == set(table.samples()) - {""}


def test_the_default_size_is_the_published_one():
    phase = np.random.default_rng(0).random((30, 26, 52)) < 0.5
    table = quantify(labels(phase, (0.5, 0.4, 0.4)), features=("porosity",), voi_count=2)
    assert table.facts["sub_volumes"]["size_voxels"] == [20, 25, 25]
    assert table.facts["sub_volumes"]["shared_share"] == 0
    assert table["porosity"].low < 0.5 < table["porosity"].high


def test_overlap_is_said_with_an_interval_that_allows_for_it(field):
    table = quantify(
        labels(field), features=("porosity",), voi_count=3, voi_size=(35, 40, 30), voi_unit="voxel"
    )
    feature = table["porosity"]
    assert "overlap" in feature.reason
    low, high = feature.details["interval_allowing_for_overlap"]
    assert low < feature.low < feature.high < high
    assert table.facts["sub_volumes"]["largest_pairwise_overlap"] == pytest.approx(0.7, abs=0.01)


def test_intervals_that_allow_for_overlap_cover_as_often_as_they_should():
    """Density of white noise in overlapping sub-volumes: the plain interval covers far too seldom."""
    plain = wide = 0
    for seed in range(300):
        phase = np.random.default_rng(seed).random((10, 10, 24)) < 0.5
        table = quantify(
            labels(phase, None, None),
            features=("porosity",),
            voi_count=4,
            voi_size=(10, 10, 12),
            voi_unit="voxel",
        )
        feature = table["porosity"]
        plain += feature.low < 0.5 < feature.high
        low, high = feature.details["interval_allowing_for_overlap"]
        wide += low < 0.5 < high
    assert plain < 0.85 * 300
    assert 0.92 * 300 < wide <= 0.99 * 300


def test_the_curve_shows_how_the_spread_falls(level_cut):
    phase = level_cut((64, 64, 64), 2.0).phase
    table = quantify(labels(phase, (1.0,) * 3), features=("relative_density",), voi_curve=True)
    rows = [f for f in table if f.sample]
    assert [f.sample for f in rows[::5]] == ["size 6 x 6 x 6 voxels", "size 32 x 32 x 32 voxels"]
    assert table["relative_density"].value == phase.mean()
    widths = [f.high - f.low for f in rows]
    assert widths == sorted(widths, reverse=True)
    curve = table["relative_density"].details["representative_volume"]
    assert curve["edges_px"][-1] == [32, 32, 32]


def test_images_have_sub_volumes_too():
    image = np.random.default_rng(0).random((60, 80)) < 0.3
    table = quantify(labels(image, (1.0, 1.0)), features=("relative_density",), voi_size=(30, 20))
    assert table.facts["sub_volumes"]["sub_volumes"] == 8
    assert table["relative_density"].value == pytest.approx(image.mean())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"voi_count": 2, "voi_size": (99.0,)}, ParameterError, "do not fit"),
        ({"voi_count": -1}, ParameterError, "voi_count is -1"),
        ({"voi_rows": True}, ParameterError, "voi_count is 0"),
        ({"voi_size": (0.0,)}, ParameterError, "one positive number"),
        ({"voi_size": (1.0, 2.0)}, ParameterError, "one each along plane, row, column"),
    ],
)
def test_sub_volumes_that_cannot_be_are_refused(options, error, message, field):
    with pytest.raises(error, match=message):
        quantify(labels(field), features=("porosity",), **options)


def test_sub_volumes_by_length_need_the_voxel_size(field):
    with pytest.raises(UnknownVoxelSizeError, match="--voi-unit voxel"):
        quantify(labels(field, None, None), features=("porosity",), voi_count=2)


def test_too_little_memory_is_said_before_anything_is_measured(field, monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", "1e5")
    monkeypatch.setattr(geodesic_tortuosity, "measure", None)
    with pytest.raises(MemoryLimitError, match=r"Measuring strut_diameter needs about .*--voi-count"):
        quantify(labels(field))
    small = quantify(labels(field), features=("porosity",))
    assert small["porosity"].value == pytest.approx(1 - field.mean())


def test_every_value_says_its_bias(field):
    for feature in quantify(labels(field)):
        assert feature.value is None or feature.bias, feature.name
    image = quantify(labels(field[3], (1.0, 1.0)))
    for feature in image:
        assert feature.value is None or feature.bias, feature.name


def test_degenerate_volumes_have_a_value_or_a_reason(degenerate):
    for spacing, unit in (((1.0, 2.0, 3.0), "um"), (None, None)):
        table = quantify(labels(degenerate, spacing, unit))
        assert {f.name.partition(".")[0] for f in table} >= {
            q.names[0] for q in quantities() if 3 in q.dimensions
        }
        for feature in table:
            assert feature.value is not None or feature.reason


def test_degenerate_images_have_a_value_or_a_reason(degenerate_image):
    for feature in quantify(labels(degenerate_image, (1.0, 2.0))):
        assert feature.value is not None or feature.reason


def test_relabelling_and_flips_change_nothing(field):
    names = tuple(SYMMETRIC.split())
    value = {f.name: f.value for f in quantify(labels(field), features=names)}
    others = np.random.default_rng(0).integers(2, 9, field.shape)
    renamed = np.where(field, 4, np.where(others == 4, 0, others)).astype(np.uint8)
    for changed, phase in ((renamed, 4), (field[::-1], 1), (field[:, ::-1], 1), (field[..., ::-1], 1)):
        again = quantify(labels(np.ascontiguousarray(changed)), phase=phase, features=names)
        for feature in again:
            tolerance = 5e-3 if feature.name == "local_thickness" and phase == 1 else 1e-9
            assert feature.value == pytest.approx(value[feature.name], rel=tolerance), feature.name


def test_a_flip_swaps_the_directions_of_the_tortuosity(field):
    one = quantify(labels(field), features=("geodesic_tortuosity",))
    other = quantify(labels(np.ascontiguousarray(field[..., ::-1])), features=("geodesic_tortuosity",))
    for a, b in (("column+", "column-"), ("column-", "column+"), ("row+", "row+")):
        left, right = (t[f"geodesic_tortuosity.{d}"].value for t, d in ((one, a), (other, b)))
        assert left == pytest.approx(right, abs=1e-6)


def test_300_random_relabellings_change_nothing():
    random = np.random.default_rng(0)
    names = (
        "relative_density",
        "euler_number",
        "specific_surface_area",
        "chord_length",
        "percolating_fraction",
    )
    classes = random.integers(0, 3, (6, 7, 8))
    before = {f.name: (f.value, f.reason) for f in quantify(labels(classes == 1), features=names)}
    for _ in range(300):
        one, *others = random.choice(60000, 3, replace=False)
        renamed = np.choose(classes, [others[0], one, others[1]]).astype(np.uint16)
        table = quantify(Volume(renamed, "ZYX", SPACING, "um", kind="labels"), phase=int(one), features=names)
        assert {f.name: (f.value, f.reason) for f in table} == before


def test_extrapolation_removes_the_bias_of_the_grid_and_says_so(field):
    names = ("geodesic_tortuosity", "bruggeman_exponent")
    plain = quantify(labels(field), features=names)
    better = quantify(labels(field), features=names, extrapolate=True)
    assert 1 < better["geodesic_tortuosity"].value < plain["geodesic_tortuosity"].value
    assert better["bruggeman_exponent"].value < plain["bruggeman_exponent"].value
    assert "two-grid extrapolation" in better["geodesic_tortuosity"].method
    for table in (plain, better):
        assert "of tau - 1" in table["geodesic_tortuosity"].bias
    high, rest = (float(t["geodesic_tortuosity"].bias.partition("%")[0]) for t in (plain, better))
    assert high > 50 > 15 > abs(rest)


@pytest.mark.parametrize("options", [{}, {"voi_count": 3, "voi_size": (20.0,), "voi_curve": True}])
def test_ticks_grow_and_come_often(field, options):
    """Every tick says how far the work is, and that never goes back."""
    steps = quantify.steps(labels(field), features=("relative_density", "specific_surface_area"), **options)
    shares = [tick.step / tick.total for tick in steps if tick.total]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1, abs=0.01)
    assert len(set(shares)) > 10


def test_a_volume_larger_than_any_memory_is_refused_before_it_is_touched():
    dask_array = pytest.importorskip("dask.array")

    def never(*_arguments, **_options):
        raise AssertionError("a plane was read")

    huge = dask_array.zeros((4096,) * 3, np.uint8, chunks=(1, 4096, 4096)).map_blocks(
        never, dtype=np.uint8, meta=np.zeros((0,) * 3, np.uint8)
    )
    volume = Volume(huge, "ZYX", SPACING, "um", kind="labels")
    with pytest.raises(MemoryLimitError, match=r"Measuring strut_diameter needs about 704\.0 GiB"):
        quantify(volume)


def test_one_volume_has_an_interval_from_its_blocks(field):
    names = ("relative_density", "specific_surface_area", "strut_diameter")
    whole = quantify(labels(field), features=names)
    table = quantify(labels(field), features=names, voi_count=1)
    for name in names[:2]:
        feature = table[name]
        assert feature.value == whole[name].value
        assert feature.low < feature.value < feature.high
        assert "bootstrap over 8 blocks" in feature.method
        assert len(feature.details["values_of_blocks"]) == 8
    assert (table["strut_diameter"].low, table["strut_diameter"].high) == (
        whole["strut_diameter"].low,
        whole["strut_diameter"].high,
    )
    small = quantify(labels(field), features=("porosity",), voi_count=1, voi_size=(20,), voi_unit="voxel")
    assert small.facts["sub_volumes"]["size_voxels"] == [20, 20, 20]
    assert small["porosity"].low < small["porosity"].high


def test_the_options_are_known_before_anything_heavy_is_loaded():
    code = "import sys, napari_microgen.quantify.table; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["numba", "scipy", "skimage", "dask", "openpyxl"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

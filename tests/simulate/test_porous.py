import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import ParameterError, SaveError
from napari_microgen.io.reading import read
from napari_microgen.io.tables import read_table
from napari_microgen.simulate.porous import simulate_porous
from napari_microgen.simulate.sintering import MATERIALS, relative_density

TEMPERATURES = (175.0, 200.0, 225.0, 250.0, 350.0, 400.0)
BOX = {"shape": (64, 86, 86), "voxel_size": (50.0, 37.2, 37.2)}


def surface(solid, spacing):
    """Specific surface of an isotropic periodic solid in 1/um: twice the crossings per length of line."""
    lines = [
        np.count_nonzero(solid != np.roll(solid, 1, a)) / (solid.size * h) for a, h in enumerate(spacing)
    ]
    return 2e3 * float(np.mean(lines))


def percolates(solid):
    labels, _ = ndimage.label(solid)
    ends = [(np.take(labels, 0, a), np.take(labels, -1, a)) for a in range(3)]
    return all(np.intersect1d(first[first > 0], last).size for first, last in ends)


def simulated(folder, **options):
    result = simulate_porous(folder, **options)
    volume = read(folder / "phase_map.tif", kind="labels")
    return np.asarray(volume) == 1, volume, read_table(folder / "truth.csv"), result


def test_files_truth_and_grid(tmp_path):
    solid, volume, truth, result = simulated(tmp_path, **BOX)
    assert result["files"] == ["phase_map.tif", "truth.csv"]
    assert volume.voxel_size == pytest.approx((50.0, 37.2, 37.2))
    assert volume.unit == "nm"
    assert volume.shape == BOX["shape"]
    assert truth["relative_density"].value == result["relative_density"] == solid.mean()
    assert truth["relative_density"].method == "counted"
    assert volume.notes == ("simulated",)


@pytest.mark.parametrize("construction", ["field", "grains"])
@pytest.mark.parametrize("material", MATERIALS)
def test_series_sinters(tmp_path, material, construction):
    """Density as requested and rising, surface falling, the solid connected at every temperature."""
    surfaces, curvatures = [], []
    for temperature in TEMPERATURES:
        options = {"material": material, "temperature": temperature, "construction": construction, **BOX}
        solid, _, truth, _ = simulated(tmp_path, **options)
        wanted = relative_density(MATERIALS[material], temperature)
        assert solid.mean() == pytest.approx(wanted, abs=0.005)
        assert percolates(solid)
        surfaces.append(surface(solid, BOX["voxel_size"]))
        curvatures.append(truth["gaussian_curvature"].value)
        if construction == "field":
            assert surfaces[-1] == pytest.approx(truth["specific_surface_area"].value, rel=0.12)
    assert surfaces == sorted(surfaces, reverse=True)
    if construction == "field":
        assert np.abs(curvatures).tolist() == sorted(np.abs(curvatures), reverse=True)
    else:
        assert curvatures == [None] * len(TEMPERATURES)


def test_surfaces_stand_to_each_other_as_printed(tmp_path):
    """HPA and NPC have twice the surface of HPB at 175 C, HPB 30 % less at 400 C; HPA falls fast at first."""
    found = {}
    for material in MATERIALS:
        for temperature in (175.0, 200.0, 400.0):
            _, _, truth, _ = simulated(tmp_path, material=material, temperature=temperature, **BOX)
            found[material[:3], temperature] = truth["specific_surface_area"].value
    for twin in ("HPA", "NPC"):
        assert found[twin, 175.0] == pytest.approx(2 * found["HPB", 175.0], rel=0.05)
        assert found["HPB", 400.0] == pytest.approx(0.7 * found[twin, 400.0], rel=0.05)
    early = {
        m: (found[m, 175.0] - found[m, 200.0]) / (found[m, 175.0] - found[m, 400.0]) for m in ("HPA", "NPC")
    }
    assert early["HPA"] > 2 * early["NPC"]


def test_finer_voxels_meet_the_closed_form(tmp_path):
    options = {"material": "HPA-like", "temperature": 400.0, "shape": (128, 172, 172)}
    solid, volume, truth, _ = simulated(tmp_path, **options)
    assert surface(solid, volume.voxel_size) == pytest.approx(truth["specific_surface_area"].value, rel=0.04)


@pytest.mark.parametrize("construction", ["field", "grains"])
def test_same_seed_same_bytes(tmp_path, construction):
    options = {"material": "HPA-like", "construction": construction, **BOX}
    contents = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        result = simulate_porous(tmp_path / name, seed=seed, **options)
        contents.append([(tmp_path / name / file).read_bytes() for file in result["files"]])
    assert contents[0] == contents[1]
    assert contents[0][0] != contents[2][0]


@pytest.mark.nightly
@pytest.mark.parametrize("construction", ["field", "grains"])
def test_tortuosity_falls_and_is_highest_for_the_porous_paste(tmp_path, construction):
    """Geodesic tortuosity by second-order fast marching in four boxes.

    Densities of the porous paste hardly change above 250 C: there a rise must stay within twice the
    standard error of the four boxes.
    """
    found = {
        material: np.array([tortuosities(tmp_path, material, t, construction) for t in TEMPERATURES])
        for material in MATERIALS
    }
    for material, boxes in found.items():
        steps = np.diff(boxes, axis=0)
        error = steps.std(axis=1, ddof=1) / np.sqrt(boxes.shape[1])
        assert (steps.mean(axis=1) < 2 * error + 1e-4).all(), material
        assert (boxes[0] > boxes[-1]).all(), material
    for twin in ("HPA-like", "NPC-like"):
        assert (np.diff(found[twin].mean(axis=1)) < 0).all()
        assert (found["HPB-like"].mean(axis=1) > found[twin].mean(axis=1)).all()


def tortuosities(folder, material, temperature, construction):
    """Mean over the three directions, one value for each of four boxes."""
    import skfmm

    options = {"material": material, "temperature": temperature, "construction": construction}
    boxes = []
    for seed in range(4):
        solid, volume, _, _ = simulated(folder, seed=seed, shape=(112, 150, 150), **options)
        values = []
        for axis in range(3):
            along = np.moveaxis(solid, axis, 0)
            spacing = (volume.voxel_size[axis], *(h for a, h in enumerate(volume.voxel_size) if a != axis))
            front = np.ones((len(along) + 1, *along.shape[1:]))
            front[0] = -1
            mask = np.concatenate([np.zeros((1, *along.shape[1:]), bool), ~along])
            time = skfmm.travel_time(np.ma.MaskedArray(front, mask), np.ones_like(front), dx=spacing, order=2)
            depth = (np.arange(len(along)) + 0.5)[:, None, None] * spacing[0]
            quotient = (np.ma.filled(time, np.nan)[1:] / depth)[-len(along) // 4 :]
            values.append(np.nanmean(quotient[along[-len(along) // 4 :]]))
        boxes.append(np.mean(values))
    return boxes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 100.0}, "175 to 400"),
        ({"shape": (0, 10, 10)}, "shape"),
        ({"shape": (8, 8, 8)}, "larger shape|Enlarge the shape"),
        ({"shape": (30, 30, 30), "construction": "grains", "material": "HPA-like"}, "enlarge the shape"),
    ],
)
def test_senseless_parameters_are_refused_and_nothing_is_written(tmp_path, options, words):
    with pytest.raises(ParameterError, match=words):
        simulate_porous(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises((SaveError, FileExistsError)):
        simulate_porous(tmp_path / "out", **BOX)

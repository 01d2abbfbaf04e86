"""Every picture of the real data opens with the right shape, axes and size."""

import csv

import numpy as np
import pytest

from napari_microgen import info, read

CONFIRM = "axes to be confirmed"


def test_detectors_and_mask_of_a_fib_sem_run(real_data):
    folder = real_data("fibsem-lco")
    for name in ("se", "bse", "mask"):
        volume = read(folder / f"{name}.tif")
        assert volume.shape == (18, 750, 600)
        assert volume.dtype == np.uint8
        assert volume.voxel_size is None
        assert volume.axes == "ZYX"
    both = read(f"{folder / 'se.tif'}+{folder / 'bse.tif'}")
    assert both.axes == "CZYX"
    assert np.array_equal(both.data[1], read(folder / "bse.tif").data)
    mask = np.asarray(read(folder / "mask.tif", kind="labels").data)
    assert set(np.unique(mask)) <= {0, 1}
    assert mask.mean() == pytest.approx(0.615, abs=0.001)
    assert info(folder / "se.tif")["data_bar_rows"] == 0


def test_a_serial_section_whose_size_must_be_said(real_data):
    path = real_data("nanoporous-gold") / "fib_serial_130x150x150.tif"
    volume = read(path)
    assert volume.shape == (130, 150, 150)
    assert volume.axes == "ZYX"
    assert volume.voxel_size is None
    assert any(CONFIRM in note for note in volume.notes)
    said = read(path, axes="ZYX", voxel_size=(46.18, 40, 40), unit="nm")
    assert said.voxel_size == (46.18, 40.0, 40.0)
    assert said.notes == ()


def test_a_micrograph_with_its_data_bar(real_data):
    found = info(real_data("nanoporous-gold") / "npg_sem_500kx_with_databar.png")
    assert found["shape"] == [768, 1024]
    assert found["voxel_size"] is None
    assert abs(768 - found["data_bar_rows"] - 691) <= 2


def test_superalloy_pairs(real_data):
    folder = real_data("ni-superalloy")
    labels = sorted(folder.glob("*_label.tif"))
    assert len(labels) == 14
    for path in labels:
        label = read(path, kind="labels")
        image = read(path.with_name(path.name.replace("_label.tif", "_sem.png")))
        assert label.shape == image.shape == (512, 512)
        assert set(np.unique(label.data)) <= {0, 1, 2}
        assert image.axes == "YX"


def test_tomograms(real_data):
    for name in ("fiberform_100_gray.tif", "fiberform_100_nasa_threshold90.tif"):
        assert read(real_data("fiberform-ct") / name).shape == (100, 100, 100)
    grey = np.asarray(read(real_data("fiberform-ct") / "fiberform_100_gray.tif").data)
    assert (grey >= 90).mean() == pytest.approx(0.16714, abs=1e-5)
    rock = read(real_data("sandstone") / "berea_400_solid1.tif", axes="ZYX")
    assert rock.shape == (400, 400, 400)
    assert rock.metadata["reading"] == {"axes": "ZYX"}
    assert 1 - np.mean([plane.mean() for plane in rock.planes()]) == pytest.approx(0.19645, abs=1e-5)


def test_electrodes(real_data):
    folder = real_data("electrode")
    shapes = {
        "nmc_ct_128_pore0": (128, 128, 128),
        "sofc_fibsem_62_3phase": (62, 62, 62),
        "nmc1cal_matbox_251x301x301_CBD_numerical": (251, 301, 301),
        "taufactor_electrode_256_GENERATED": (256, 256, 256),
    }
    for name, shape in shapes.items():
        volume = read(folder / f"{name}.tif", kind="labels")
        assert volume.shape == shape
        assert any(CONFIRM in note for note in volume.notes)
    assert read(folder / "sofc_sem_1024_3phase.tif").axes == "YX"
    coded = read(folder / "taufactor_electrode_256_GENERATED.tif", kind="labels")
    assert np.unique(coded.plane(0)).tolist() == [0, 85, 170]


def test_grain_maps(real_data):
    folder = real_data("grains")
    ids = read(folder / "titanium_OIMgrainId_4um_grains.tif", kind="labels")
    assert ids.shape == (250, 249)
    assert ids.dtype == np.uint16
    assert (ids.data.min(), ids.data.max()) == (1, 85)
    assert read(folder / "mg_twins_grains.tif").data.max() == 83
    assert read(folder / "mg_twins_bandcontrast.tif").shape == (137, 167)
    assert read(folder / "titanium_imagequality_4um.tif").dtype == np.uint8


def test_steels(real_data):
    folder = real_data("uhcs") / "images"
    with open(folder.parent / "conditions.csv", encoding="utf-8") as file:
        rows = len(list(csv.DictReader(file)))
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == rows == 546
    for path in pictures[::7]:
        volume = read(path)
        assert (volume.shape, volume.axes, volume.dtype) == ((240, 322), "YX", np.uint8)
    labelled = sorted((real_data("uhcs") / "labelled").glob("*.tif"))
    assert len(labelled) == 31
    for path in labelled:
        picture = path.with_name(path.name.rsplit("_", 1)[0] + "_sem.png")
        assert read(path, kind="labels").shape == read(picture).shape


def test_a_folder_of_micrographs_is_one_stack(real_data):
    volume = read(real_data("uhcs") / "images")
    assert volume.shape == (546, 240, 322)
    assert volume.metadata["slices"] == 546
    assert np.array_equal(
        volume.plane(0), read(real_data("uhcs") / "images" / volume.metadata["first_slice"]).data
    )

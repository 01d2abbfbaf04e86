"""The U-Net on real micrographs with manual masks; figures come from ``benchmarks/unet_real.py``."""

import numpy as np
import pytest

from napari_microgen.io.reading import read
from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.unet_inference import predict_steps
from napari_microgen.segment.unet_training import train_unet
from napari_microgen.volume import Volume

PLAIN = {"context": 0, "validation": 0.0, "threads": 1, "precision": "fp32", "device": "cpu"}


def jaccard(found, truth):
    found, truth = np.asarray(found) == 1, np.asarray(truth) == 1
    return np.sum(found & truth) / np.sum(found | truth)


def cathode(folder, tmp_path, masked):
    """Return the image path of the SE stack and a label file with the planes ``masked`` only."""
    mask = np.asarray(read(folder / "mask.tif", kind="labels", axes="ZYX").data)
    labels = np.full(mask.shape, 255, np.uint8)
    labels[masked] = mask[masked]
    return mask, write(Volume(labels, "ZYX", kind="labels"), tmp_path / "labels.tif")


def test_a_minute_of_training_beats_otsu_on_a_cathode(real_data, tmp_path):
    folder = real_data("fibsem-lco")
    mask, labels = cathode(folder, tmp_path, list(range(9)))
    small = {"base_channels": 8, "patch_size": 128, "learning_rate": 4e-3}
    train_unet([folder / "se.tif"], [labels], tmp_path / "model", steps=100, unlabelled=255, **small, **PLAIN)
    image = read(folder / "se.tif", axes="ZYX")
    planes = [11, 17]
    test = Volume(np.asarray(image.data)[planes], "ZYX")
    otsu = jaccard(segment(test, smoothing=1.0).data, mask[planes])
    unet = jaccard(finish(predict_steps(test, tmp_path / "model", precision="fp32")).data, mask[planes])
    assert otsu == pytest.approx(0.75, abs=0.03)
    assert unet > otsu + 0.05


def test_a_few_strokes_on_one_slice_of_a_cathode(real_data, tmp_path):
    folder = real_data("fibsem-lco")
    mask = np.asarray(read(folder / "mask.tif", kind="labels", axes="ZYX").data)
    strokes = np.zeros(mask.shape, np.uint8)
    for rows in (slice(100, 106), slice(300, 306), slice(500, 506), slice(650, 656)):
        strokes[4, rows] = np.where(mask[4, rows] == 1, 1, 2)
    labels = write(Volume(strokes, "ZYX", kind="labels"), tmp_path / "strokes.tif")
    paths = f"{folder / 'se.tif'}+{folder / 'bse.tif'}"
    small = {"base_channels": 8, "patch_size": 128, "learning_rate": 4e-3}
    found = train_unet([paths], [labels], tmp_path / "model", steps=80, **small, **PLAIN)
    assert found["training_planes"] == 1
    both = read(paths, axes="ZYX")
    test = Volume(np.asarray(both.data)[:, 12:14], "CZYX")
    assert jaccard(finish(predict_steps(test, tmp_path / "model", precision="fp32")).data, mask[12:14]) > 0.75


def test_three_classes_of_a_superalloy(real_data, tmp_path):
    """The rare third class (1 to 4 % of the area) is found, on a spot that was not trained on."""
    folder = real_data("ni-superalloy")
    images = sorted(folder.glob("train_*_sem.png"))
    labels = [path.with_name(path.name.replace("_sem.png", "_label.tif")) for path in images]
    small = {"base_channels": 8, "patch_size": 128, "learning_rate": 4e-3, "unlabelled": None}
    train_unet(images, labels, tmp_path / "model", steps=150, **small, **PLAIN)
    test = folder / "val_spot1_180d_5_sem.png"
    truth = np.asarray(read(folder / "val_spot1_180d_5_label.tif", kind="labels", axes="YX").data)
    found = np.asarray(finish(predict_steps(read(test), tmp_path / "model", output="classes")).data)
    scores = [np.sum((found == c) & (truth == c)) / np.sum((found == c) | (truth == c)) for c in range(3)]
    assert scores[0] > 0.8
    assert scores[1] > 0.6
    assert scores[2] > 0.1


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("detectors", "target"), [("se", 0.91), ("se+bse", 0.92)])
def test_the_figures_promised_for_a_cathode(real_data, tmp_path, detectors, target):
    folder = real_data("fibsem-lco")
    mask, labels = cathode(folder, tmp_path, list(range(9)))
    paths = "+".join(str(folder / f"{name}.tif") for name in detectors.split("+"))
    options = {"context": 0, "validation": 0.0, "unlabelled": 255}
    train_unet([paths], [labels], tmp_path / "model", steps=1500, **options)
    image = read(paths, axes="ZYX")
    test = Volume(np.asarray(image.data)[..., 11:18, :, :], image.axes)
    assert jaccard(finish(predict_steps(test, tmp_path / "model")).data, mask[11:18]) >= target

"""Comparison of real micrographs of ultra-high-carbon steel with themselves, blurred ones and copies."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.compare.copies import search_copies
from napari_microgen.compare.frame import evaluate
from napari_microgen.compare.image_set import cut_alike, load_images
from napari_microgen.compare.preparation import Choices, prepared_sets
from napari_microgen.compare.space import Space
from napari_microgen.progress import finish


@pytest.fixture(scope="module")
def patches(real_data):
    """Patches of 120 px of the micrographs with the most frequent pixel size, three thirds by micrograph."""
    folder = real_data("uhcs")
    where = ("pixel_size=0.193:0.195", "detector=SE")
    columns = ("anneal_temperature",)
    loaded = finish(load_images(folder, folder / "conditions.csv", name="real", where=where, columns=columns))
    assert loaded.pixel_size == pytest.approx(0.194, abs=0.001)
    (images,) = cut_alike([loaded], 120)
    table = images.table.select(names=[])
    micrographs = np.array(table.groups("micrograph")[0])
    images = replace(images, table=replace(table, micrographs=table.images))
    return [images.take(np.flatnonzero(micrographs % 3 == part)) for part in range(3)]


def compared(real, synthetic, training=None):
    sets = [replace(real, name="real"), replace(synthetic, name="synthetic")]
    sets += [] if training is None else [replace(training, name="training")]
    prepared = finish(prepared_sets(sets, Choices(count=240)))
    space = Space.fit(prepared.sides.real.descriptors)
    return prepared, finish(evaluate(prepared.sides, space, repeats=10))[0]


def test_parts_of_real_micrographs_are_not_told_apart(patches):
    _, metrics = compared(*patches[:2])
    for name in ("persistence_image.auc", "descriptors.auc", "coverage", "persistence_image.l2"):
        assert metrics[name].within_floor, name
    differing = [n for n, m in metrics.items() if n.endswith(".wasserstein") and m.within_floor is False]
    assert differing == []


def test_blurred_micrographs_are(patches):
    real, other, _ = patches
    blurred = np.rint(gaussian_filter(other.images.astype(float), (0, 1.5, 1.5))).astype(np.uint8)
    _, metrics = compared(real, replace(other, images=blurred))
    assert metrics["descriptors.auc"].value > 0.95
    assert metrics["descriptors.auc"].within_floor is False


def test_copies_of_real_micrographs_are_found_and_others_are_not(patches):
    held_out, training, healthy = patches
    random = np.random.default_rng(0)
    turned = np.ascontiguousarray(np.rot90(training.images, axes=(1, 2))).astype(float)
    shifted = np.roll(turned, (11, -17), (1, 2)) + random.normal(0, 5, turned.shape)
    copies = replace(training, images=np.clip(np.rint(shifted), 0, 255).astype(np.uint8))
    for images, expected in ((copies, True), (healthy, False)):
        prepared, _ = compared(held_out, images, training)
        found, _, _ = finish(search_copies(prepared.sides, count=100))
        assert found.flagged is expected
        assert (found.copies > 0.9 * found.count) is expected

"""Known cases: equal sets are not told apart, and each kind of failure is found."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_microgen.compare.memorisation import Known, memorisation
from napari_microgen.progress import finish

TELLING = ("persistence_image.auc", "descriptors.auc")


def set_of(drawer, seed, count, **options):
    return drawer(np.random.default_rng(seed), count, **options)


def test_two_halves_of_one_set_are_not_told_apart(precipitates, compared):
    images = set_of(precipitates, 1, 800)
    found = compared(images[:400], images[400:])
    for name in TELLING:
        assert 0.45 <= found.metrics[name].value <= 0.55
        assert 0.45 <= found.metrics[name].floor <= 0.55
        assert found.metrics[name].within_floor
    assert found.metrics["persistence_image.l2"].value < 0.05
    assert found.metrics["coverage"].value > 0.9
    assert not found.collapse.alarm


def test_halved_density_is_detected(precipitates, compared):
    found = compared(set_of(precipitates, 1, 120), set_of(precipitates, 2, 120, density=12.0))
    for name in TELLING:
        assert found.metrics[name].value >= 0.95
        assert found.metrics[name].within_floor is False
    count = found.metrics["relative_density.wasserstein"]
    assert count.value > 5 * count.floor


def test_blurred_images_are_detected(precipitates, compared):
    real = set_of(precipitates, 1, 100)
    blurred = gaussian_filter(set_of(precipitates, 2, 100).astype(float), (0, 1, 1))
    found = compared(real, np.rint(blurred).astype(np.uint8))
    assert found.metrics["descriptors.auc"].value >= 0.95
    assert found.metrics["grey_step.wasserstein"].value > 3


def test_shifted_copies_with_noise_are_detected_twice(precipitates, copies, compared):
    random = np.random.default_rng(5)
    training, held_out = (set_of(precipitates, seed, 60) for seed in (1, 2))
    noisy = copies(random, training, 60, noise=6.0)
    assert compared(held_out, noisy).metrics["descriptors.auc"].value >= 0.95  # by their noise
    groups = np.arange(60)
    assert finish(memorisation(noisy, Known(training, groups), Known(held_out, groups))).flagged  # as copies


def collapsed(random, images, kind):
    """A generator that knows one image, or five, or one kind of image only."""
    count = len(images)
    if kind == "kind":
        brightness = images.reshape(count, -1).mean(axis=1)
        return images[np.argsort(brightness)[: max(count // 8, 3)]][
            random.integers(max(count // 8, 3), size=count)
        ]
    few = images[:1] if kind == "one" else images[:5]
    grey = few[random.integers(len(few), size=count)].astype(float)
    return np.clip(np.rint(grey + random.normal(0, 2.0, grey.shape)), 0, 255).astype(np.uint8)


def one_of_each(seed, precipitates, copies, compared, count=60):
    """Flags of a healthy generator, a memorising one, one with a few copies, and three collapsed ones."""
    random = np.random.default_rng(1000 + seed)
    training, held_out, healthy = np.split(precipitates(random, 3 * count), 3)
    groups = np.arange(count)
    known = Known(training, groups), Known(held_out, groups)
    partly = healthy.copy()
    partly[: count // 10] = copies(random, training, count // 10, noise=2.0)
    wholly = copies(random, training, count, noise=2.0)
    memorises = [finish(memorisation(images, *known)).flagged for images in (healthy, wholly, partly)]
    kinds = [healthy, *(collapsed(random, healthy, kind) for kind in ("one", "five", "kind"))]
    alarms = [compared(held_out, images, repeats=8).collapse.alarm for images in kinds]
    return memorises, alarms


EXPECTED = ([False, True, True], [False, True, True, True])


@pytest.mark.parametrize("seed", range(2))
def test_memorising_and_collapsed_generators_are_flagged_and_healthy_ones_are_not(
    seed, precipitates, copies, compared
):
    assert one_of_each(seed, precipitates, copies, compared) == EXPECTED


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_twenty_of_twenty(seed, precipitates, copies, compared):
    memorises, alarms = one_of_each(seed, precipitates, copies, compared)
    print(f"set {seed}: memorises (healthy, copies, one in ten) {memorises}, collapse {alarms}")
    assert (memorises, alarms) == EXPECTED


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(5))
def test_floors_hold_on_level_cut_fields(seed, fields, compared):
    images = fields(np.random.default_rng(seed), 1600)
    found = compared(images[:800], images[800:])
    for name in TELLING:
        assert 0.45 <= found.metrics[name].value <= 0.55
    assert found.metrics["two_point_correlation.curve"].within_floor

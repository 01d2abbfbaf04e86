import numpy as np
import pytest

from napari_microgen.segment.unet_data import IGNORE, LabelledStack, Normalisation, TrainingData
from napari_microgen.segment.unet_patches import (
    NO_VARIATION,
    Variation,
    draw_patch,
    labelled_pixel,
    resample,
    vary,
    whole_plane,
)


def stack(labels, images=None, **options):
    labels = np.asarray(labels, np.uint8)
    if images is None:
        rows, columns = np.indices(labels.shape[1:], np.float32)
        images = np.broadcast_to(rows + columns / 1000, (len(labels), 1, *labels.shape[1:]))
    count = len(labels)
    held = {z: z for z in range(count)}
    made = LabelledStack("made", np.asarray(images), labels, list(range(count)), held, count, **options)
    made.training = list(range(count))
    return made


def data_of(*stacks):
    return TrainingData(list(stacks), [1, 2], 1, 0, Normalisation("plane"), None, None, "", 0)


def draws(data, size, count, variation=NO_VARIATION, seed=0):
    return [draw_patch(data, size, variation, np.random.default_rng((seed, n))) for n in range(count)]


def test_patches_of_a_few_strokes_always_hold_labels():
    labels = np.full((3, 200, 300), IGNORE)
    labels[0, 10, 10:14] = 0
    labels[0, 190, 280] = 1
    labels[2, 100, 150] = 1
    painted = stack(labels)
    painted.training = [0, 2]
    for image, found in draws(data_of(painted), 32, 60, Variation(zoom=1.3)):
        assert image.shape == (1, 32, 32)
        assert found.shape == (32, 32)
    held = [np.any(found != IGNORE) for _, found in draws(data_of(painted), 32, 60)]
    assert all(held)


def test_rare_classes_are_seen():
    labels = np.zeros((1, 400, 400))
    labels[0, 5:8, 5:8] = 1
    seen = [np.any(found == 1) for _, found in draws(data_of(stack(labels)), 32, 200)]
    assert 0.15 < np.mean(seen) < 0.4, "every fourth patch is drawn for one of the two classes"


def test_labels_stay_on_their_pixels():
    """The image of a unit ramp says where each pixel came from; labels are a function of the place."""
    rows, columns = np.indices((160, 200))
    labels = ((rows // 10 + columns // 10) % 2)[None]
    ramp = (rows * 1000.0 + columns)[None, None].astype(np.float64)
    for image, found in draws(data_of(stack(labels, ramp)), 48, 40):
        place = np.rint(image[0]).astype(int)
        assert np.array_equal(found, labels[0][place // 1000, place % 1000])


def test_zoomed_labels_follow_the_image():
    rows, columns = np.indices((160, 200))
    disc = ((rows - 80) ** 2 + (columns - 100) ** 2 < 40**2).astype(np.uint8)[None]
    image = disc[:, None].astype(np.float32)
    for grey, found in draws(data_of(stack(disc, image)), 96, 40, Variation(**VARY_SHAPE_ONLY)):
        agree = (grey[0] > 0.5) == (found == 1)
        assert agree[found != IGNORE].mean() > 0.98


VARY_SHAPE_ONLY = {"zoom": 1.3, "contrast": 0.0, "gamma": 0.0, "noise": 0.0, "blur": 0.0, "curtain": 0.0}


def test_never_upside_down():
    rows = np.indices((100, 100), np.float32)[0]
    labels = np.zeros((1, 100, 100))
    labels[0, 50:] = 1
    for image, _ in draws(data_of(stack(labels, rows[None, None])), 32, 40, Variation(**VARY_SHAPE_ONLY)):
        down = np.diff(image[0].mean(axis=1))
        assert (down > 0).all()


def test_left_and_right_are_exchanged_half_of_the_time():
    columns = np.indices((100, 100), np.float32)[1]
    labels = np.zeros((1, 100, 100))
    labels[0, 50:] = 1
    turned = [
        image[0, 0, 0] > image[0, 0, -1]
        for image, _ in draws(data_of(stack(labels, columns[None, None])), 32, 200)
    ]
    assert 0.35 < np.mean(turned) < 0.65


def test_an_image_smaller_than_a_patch_is_mirrored_and_its_labels_are_not():
    labels = np.zeros((1, 20, 24))
    labels[0, :, 12:] = 1
    for image, found in draws(data_of(stack(labels)), 64, 10):
        assert image.shape == (1, 64, 64)
        assert (found != IGNORE).sum() == 20 * 24


def test_label_files_and_hand_labels_are_drawn_equally_often():
    many = stack(np.zeros((50, 40, 40)))
    few = stack(np.ones((2, 40, 40)))
    assert 0.4 < np.mean([np.all(found == 1) for _, found in draws(data_of(many, few), 16, 300)]) < 0.6

    mixed = np.zeros((50, 40, 40))
    mixed[[3, 30]] = 1
    by_hand = stack(mixed, trusted={3, 30})
    assert 0.4 < np.mean([np.all(found == 1) for _, found in draws(data_of(by_hand), 16, 300)]) < 0.6
    by_hand.training = [0, 1, 2]
    assert not any(np.any(found == 1) for _, found in draws(data_of(by_hand), 16, 50))


def test_the_same_generator_gives_the_same_patch():
    data = data_of(stack(np.indices((4, 60, 60))[2] % 2))
    for first, second in zip(draws(data, 32, 5, Variation()), draws(data, 32, 5, Variation()), strict=True):
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])


def test_a_labelled_pixel_is_labelled():
    labels = np.full((1, 30, 40), IGNORE)
    labels[0, 7, 9], labels[0, 20, 33] = 0, 4
    drawn = {labelled_pixel(stack(labels), 0, np.random.default_rng(n)) for n in range(40)}
    assert drawn == {(7, 9), (20, 33)}


def test_resampling_is_linear_and_mirrors():
    image = np.arange(12.0).reshape(1, 3, 4)
    assert resample(image, np.array([0.5]), np.array([1.25]))[0, 0, 0] == pytest.approx(0.5 * 4 + 1.25)
    assert resample(image, np.array([0.0]), np.arange(-2.0, 6.0))[0, 0].tolist() == [1, 0, 0, 1, 2, 3, 3, 2]
    assert np.array_equal(resample(image, np.arange(3.0), np.arange(4.0)), image)


def test_no_variation_changes_nothing():
    image = np.random.default_rng(0).standard_normal((2, 16, 16)).astype(np.float32)
    assert np.array_equal(vary(image, NO_VARIATION, np.random.default_rng(0)), image)


@pytest.mark.parametrize("kind", ["contrast", "gamma", "noise", "blur", "curtain"])
def test_each_variation_does_what_it_says(kind):
    image = np.random.default_rng(0).standard_normal((2, 64, 64)).astype(np.float32)
    only = Variation(**(VARY_SHAPE_ONLY | {kind: getattr(Variation(), kind)}))
    changed = []
    for n in range(40):
        found = vary(image, only, np.random.default_rng(n))
        assert found.dtype == np.float32
        difference = found - image
        if np.abs(difference).max() < 1e-6:
            continue
        changed.append(n)
        if kind == "contrast":  # one line through all grey values, the same for all layers
            slope, offset = np.polyfit(image.ravel(), found.ravel(), 1)
            assert np.allclose(slope * image + offset, found, atol=1e-4)
        elif kind == "gamma":  # order and range stay
            assert (np.diff(found.ravel()[np.argsort(image.ravel())]) >= 0).all()
            assert (found.min(), found.max()) == pytest.approx((image.min(), image.max()), abs=1e-4)
        elif kind == "curtain":  # the same in every row
            assert np.allclose(difference, difference[:, :1], atol=1e-5)
        elif kind == "blur":
            assert found.std() <= image.std()
        else:
            assert difference.std() <= 0.11
    assert changed


def test_a_whole_plane_is_mirrored_up_to_the_stride_and_not_labelled_there():
    labels = np.zeros((1, 20, 33))
    image, found = whole_plane(stack(labels), 0, 0, 16)
    assert image.shape == (1, 32, 48)
    assert (found == IGNORE).sum() == 32 * 48 - 20 * 33
    assert np.array_equal(image[0, 20:24], image[0, 19:15:-1])

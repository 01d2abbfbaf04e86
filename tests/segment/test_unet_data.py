import numpy as np
import pytest

from napari_microgen.errors import (
    AxesError,
    LabelTypeError,
    LabelValueError,
    NonFiniteError,
    ParameterError,
    ShapeMismatchError,
)
from napari_microgen.io.writing import write
from napari_microgen.progress import finish
from napari_microgen.segment.unet_data import IGNORE, Normalisation, class_numbers, load, neighbours
from napari_microgen.volume import Volume


@pytest.fixture
def stored(tmp_path):
    """Return a function that writes an array and gives its path."""
    numbers = iter(range(1000))

    def store(array, axes="ZYX", labels=False, **options):
        volume = Volume(array, axes, kind="labels" if labels else "image", **options)
        return write(volume, tmp_path / f"{next(numbers)}.tif")

    return store


def grey(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 255, shape).astype(np.uint8)


def painted(planes, shape=(24, 20), where=None, values=(1, 2)):
    labels = np.zeros((planes, *shape), np.uint8)
    for plane in range(planes) if where is None else where:
        labels[plane, : shape[0] // 2] = values[0]
        labels[plane, shape[0] // 2 :] = values[1]
    return labels


def loaded(images, labels, **options):
    settings = {"context": 0, "unlabelled": 0, "validation": 0.0} | options
    return finish(load(images, labels, **settings))


def test_only_labelled_planes_and_their_neighbours_are_held(stored):
    image = grey(12, 24, 20)
    data = loaded([stored(image)], [stored(painted(12, where=[0, 7]), labels=True)], context=2)
    (stack,) = data.stacks
    assert stack.planes == [0, 7]
    assert sorted(stack.held) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert data.classes == [1, 2]
    window = stack.window(0, 2)
    assert window.shape == (5, 24, 20)
    scaled = Normalisation("plane")(image)
    for layer, plane in zip(window, [0, 0, 0, 1, 2], strict=True):
        assert np.allclose(layer, scaled[plane], atol=2e-3)


def test_the_last_plane_is_repeated_behind_the_stack_not_filled_with_zeros():
    assert neighbours(9, 3, 10) == [6, 7, 8, 9, 9, 9, 9]
    assert neighbours(0, 1, 1) == [0, 0, 0]


def test_detectors_become_layers_of_every_plane(stored):
    first, second = grey(4, 24, 20), grey(4, 24, 20, seed=1)
    path = f"{stored(first)}+{stored(second)}"
    data = loaded([path], [stored(painted(4), labels=True)], context=1)
    assert data.channels == 2
    window = data.stacks[0].window(1, 1)
    scale = Normalisation("plane")
    expected = [scale(volume[z]) for z in (0, 1, 2) for volume in (first, second)]
    assert np.allclose(window, np.stack(expected), atol=2e-3)


def test_each_plane_has_mean_zero_and_deviation_one_and_a_constant_one_is_zero():
    planes = np.stack([grey(50, 50), np.full((50, 50), 7, np.uint8)])
    scaled = Normalisation("plane")(planes)
    assert scaled[0].mean() == pytest.approx(0, abs=1e-6)
    assert scaled[0].std() == pytest.approx(1, abs=1e-6)
    assert not scaled[1].any()


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [(np.uint8, 0, 255), (np.uint16, 100, 3000), (np.float32, -1, 9)]
)
def test_the_papers_scale_runs_from_zero_to_one(stored, dtype, low, high):
    image = np.linspace(low, high, 24 * 20).reshape(1, 24, 20).astype(dtype)
    data = loaded([stored(image)], [stored(painted(1), labels=True)], scale="range")
    assert (data.normalisation.low, data.normalisation.high) == (low, high)
    assert data.stacks[0].images.min() == 0
    assert data.stacks[0].images.max() == 1


def test_labels_become_class_numbers():
    assert class_numbers(np.array([[0, 1], [3, 9]]), [1, 9]).tolist() == [[IGNORE, 0], [IGNORE, 1]]


def test_zero_can_be_a_class(stored):
    labels = painted(3, values=(0, 2))
    data = loaded([stored(grey(3, 24, 20))], [stored(labels, labels=True)], unlabelled=None)
    assert data.classes == [0, 2]
    assert IGNORE not in data.stacks[0].labels


@pytest.mark.parametrize(("planes", "context", "share"), [(20, 2, 0.2), (40, 0, 0.5), (9, 1, 0.3)])
def test_the_last_block_is_held_back_after_a_gap(stored, planes, context, share):
    data = loaded(
        [stored(grey(planes, 24, 20))],
        [stored(painted(planes), labels=True)],
        context=context,
        validation=share,
    )
    (stack,) = data.stacks
    count = round(share * planes)
    assert stack.validation == list(range(planes - count, planes))
    assert max(stack.training) == planes - count - 1 - 2 * context
    seen = {z for i in stack.training for z in neighbours(stack.planes[i], context, planes)}
    judged = {z for i in stack.validation for z in neighbours(stack.planes[i], context, planes)}
    assert not seen & judged, "no plane is seen both in training and in validation"


def test_few_planes_hold_none_back(stored):
    data = loaded([stored(grey(4, 24, 20))], [stored(painted(4), labels=True)], validation=0.5)
    assert data.counts == (4, 0)


def test_of_many_single_images_the_last_are_held_back(stored):
    images = [stored(grey(24, 20, seed=s), "YX") for s in range(6)]
    labels = [stored(painted(1)[0], "YX", labels=True) for _ in images]
    data = loaded(images, labels, validation=0.3)
    assert data.counts == (4, 2)
    assert [bool(stack.validation) for stack in data.stacks] == [False] * 4 + [True] * 2


def test_every_nth_labelled_plane_and_all_labelled_by_hand(stored):
    pair = [stored(grey(20, 24, 20))], [stored(painted(20), labels=True)]
    assert loaded(*pair, every_nth=5).stacks[0].planes == [0, 5, 10, 15]
    (stack,) = loaded(*pair, every_nth=5, trusted=[3, 10]).stacks
    assert stack.planes == [0, 3, 5, 10, 15]
    assert stack.trusted == {1, 3}
    assert stack.groups() == [[1, 3], [0, 2, 4]]


def test_where_hand_labels_are_held_back_only_they_judge(stored):
    data = loaded(
        [stored(grey(20, 24, 20))],
        [stored(painted(20), labels=True)],
        validation=0.25,
        trusted=[2, 17],
    )
    assert data.stacks[0].validation == [17]
    assert data.stacks[0].training == list(range(15))


def test_the_hash_tells_data_and_reading_apart(stored):
    image, labels = stored(grey(3, 24, 20)), stored(painted(3), labels=True)
    other = stored(painted(3, values=(2, 1)), labels=True)
    hashes = {
        loaded([image], [labels]).sha256,
        loaded([image], [other]).sha256,
        loaded([image], [labels], context=1).sha256,
        loaded([image], [labels], trusted=[0]).sha256,
        loaded([stored(grey(3, 24, 20, seed=2))], [labels]).sha256,
    }
    assert len(hashes) == 5
    assert loaded([image], [labels]).sha256 in hashes


def test_images_and_labels_that_do_not_fit_are_refused(stored):
    image, labels = stored(grey(3, 24, 20)), stored(painted(3), labels=True)
    with pytest.raises(ShapeMismatchError, match="2 images and 1 label"):
        loaded([image, image], [labels])
    with pytest.raises(ShapeMismatchError, match=r"\(3, 24, 20\).*\(3, 20, 24\)"):
        loaded([image], [stored(painted(3, shape=(20, 24)), labels=True)])
    two = f"{image}+{stored(grey(3, 24, 20))}"
    with pytest.raises(ShapeMismatchError, match="1 and 2 detector channels"):
        loaded([image, two], [labels, labels])


def test_labels_that_cannot_be_learned_are_refused(stored):
    image = stored(grey(3, 24, 20))
    with pytest.raises(LabelValueError, match="no label at all"):
        loaded([image], [stored(np.zeros((3, 24, 20), np.uint8), labels=True)])
    with pytest.raises(LabelValueError, match=r"only the value 1.*--unlabelled none"):
        loaded([image], [stored(painted(3, values=(0, 1)), labels=True)])
    with pytest.raises(LabelTypeError, match="whole"):
        loaded([image], [stored(np.full((3, 24, 20), 0.5, np.float32))])
    numbered = np.arange(3 * 24 * 20, dtype=np.uint16).reshape(3, 24, 20)
    with pytest.raises(LabelValueError, match="numbered objects"):
        loaded([image], [stored(numbered, labels=True)])
    with pytest.raises(ParameterError, match=r"\[5\].*hold no label"):
        loaded([image], [stored(painted(3), labels=True)], trusted=[1, 5])
    with pytest.raises(ParameterError, match="validation is 1"):
        loaded([image], [stored(painted(3), labels=True)], validation=1.0)


def test_images_that_cannot_be_learned_from_are_refused(stored):
    labels = stored(painted(2), labels=True)
    broken = np.zeros((2, 24, 20), np.float32)
    broken[1, 3, 4] = np.nan
    with pytest.raises(NonFiniteError, match=r"1 NaN.*\(1, 3, 4\)"):
        loaded([stored(broken)], [labels])
    colour = np.random.default_rng(0).integers(0, 255, (24, 20, 3)).astype(np.uint8)
    with pytest.raises(AxesError, match="colour"):
        loaded([stored(colour, "YXS")], [stored(painted(1)[0], "YX", labels=True)])

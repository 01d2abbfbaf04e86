import sys

import numpy as np
import pytest
from scipy import ndimage

from napari_microgen.errors import AxesError, NonFiniteError, NothingToSegmentError, ParameterError
from napari_microgen.sample_data import sample_fibsem, sample_fibsem_truth, sample_sem
from napari_microgen.segment.annotation import annotate
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.scores import score
from napari_microgen.volume import Volume

METHODS = ["otsu", "hybrid"]


def two_phases(shape=(4, 60, 70), seed=0, dtype=np.uint8):
    """Grey values of a smooth structure with mild noise, and where it is solid."""
    random = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(random.standard_normal(shape), 3, mode="wrap")
    solid = field > np.quantile(field, 0.4)
    grey = np.clip(np.where(solid, 180, 50) + random.normal(0, 8, shape), 0, 255).astype(dtype)
    return grey, solid


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("per", ["slice", "volume"])
def test_clear_phases_are_found_exactly(method, per):
    grey, solid = two_phases()
    result = segment(Volume(grey, "ZYX", (25.0, 18.6, 18.6), "nm"), method=method, per=per)
    assert result.kind == "labels"
    assert result.dtype == np.uint8
    assert result.voxel_size == (25.0, 18.6, 18.6)
    assert (np.asarray(result) == solid).mean() > (0.998 if method == "otsu" else 0.99)
    fraction = result.facts["phase_fraction"]
    assert fraction["1"] == pytest.approx(np.asarray(result).mean())
    assert sum(fraction.values()) == pytest.approx(1)
    assert len(result.facts["thresholds"]) == (4 if per == "slice" else 1)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("method", METHODS)
def test_other_types_of_values_give_the_same_map(dtype, method):
    grey, _ = two_phases()
    expected = np.asarray(segment(Volume(grey, "ZYX"), method=method))
    scaled = grey.astype(dtype) * dtype(100) + dtype(7)
    found = np.asarray(segment(Volume(scaled, "ZYX"), method=method))
    assert (found == expected).mean() > 0.998


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("method", METHODS)
def test_bright_pores_are_the_mirror_of_dark_pores(dtype, method):
    grey, _ = two_phases()
    dark = segment(Volume(grey.astype(dtype), "ZYX"), method=method)
    mirror = (255 - grey).astype(dtype)
    bright = segment(Volume(mirror, "ZYX"), method=method, pores="bright")
    np.testing.assert_array_equal(np.asarray(dark), np.asarray(bright))
    for a, b in zip(dark.facts["thresholds"], bright.facts["thresholds"], strict=True):
        assert a + b == pytest.approx(255, abs=0.01)


def test_a_mask_of_truth_values_is_segmented_as_it_is():
    _, solid = two_phases()
    np.testing.assert_array_equal(np.asarray(segment(Volume(solid, "ZYX"))), solid)


@pytest.mark.parametrize("method", METHODS)
def test_one_plane_is_the_same_as_a_stack_of_one(method):
    grey, _ = two_phases((1, 60, 70))
    stack = np.asarray(segment(Volume(grey, "ZYX"), method=method))
    image = segment(Volume(grey[0], "YX"), method=method)
    assert image.axes == "YX"
    np.testing.assert_array_equal(np.asarray(image), stack[0])


@pytest.mark.parametrize("method", METHODS)
def test_slices_do_not_know_of_each_other(method):
    grey, _ = two_phases()
    whole = np.asarray(segment(Volume(grey, "ZYX"), method=method, superpixel_area=25.0))
    part = np.asarray(segment(Volume(grey[2], "YX"), method=method, superpixel_area=25.0))
    np.testing.assert_array_equal(whole[2], part)


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 1, 30), (1, 7, 3), (3, 33, 17)])
@pytest.mark.parametrize("method", METHODS)
def test_odd_sizes_work(shape, method):
    grey = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    grey[..., 0] = 10
    grey[..., -1] = 240
    assert segment(Volume(grey, "ZYX"), method=method).shape == shape


def test_size_and_unit_may_be_unknown():
    grey, _ = two_phases()
    assert segment(Volume(grey, "ZYX")).voxel_size is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("operation", [segment, annotate])
def test_a_constant_image_is_refused(operation, method):
    with pytest.raises(NothingToSegmentError, match=r"grey: .* one grey value only \(9\)"):
        operation(Volume(np.full((3, 8, 8), 9, np.uint8), "ZYX", name="grey"), method=method, per="volume")


def test_a_constant_slice_is_named_and_the_way_out_works():
    grey, solid = two_phases()
    grey[2], solid[2] = 180, True
    image = Volume(grey, "ZYX", name="stack")
    with pytest.raises(NothingToSegmentError, match="Plane 2 of stack"):
        segment(image)
    assert (np.asarray(segment(image, per="volume")) == solid).mean() > 0.998
    assert (np.asarray(segment(image, method="hybrid", per="volume"))[2] == 1).all()


@pytest.mark.parametrize("level", [180, 50])
def test_slices_of_one_phase_are_pointed_out_and_right_per_volume(level):
    grey, solid = two_phases((8, 60, 70))
    grey[3] = np.clip(np.random.default_rng(9).normal(level, 8, grey[3].shape), 0, 255)
    solid[3] = level == 180
    image = Volume(grey, "ZYX")
    result = segment(image)
    assert any("plane 3 is far from the others" in note for note in result.notes)
    whole = segment(image, per="volume")
    assert (np.asarray(whole) == solid).mean() > 0.998
    assert whole.notes == ()


def test_nan_is_refused_with_count_and_place():
    grey = two_phases(dtype=np.float32)[0].copy()
    grey[1, 2, 3] = np.nan
    with pytest.raises(NonFiniteError, match=r"1 NaN .* first at \(1, 2, 3\)"):
        segment(Volume(grey, "ZYX"))


@pytest.mark.parametrize("axes", ["YXS", "CYX", "TYX"])
def test_colour_channels_and_time_are_refused(axes):
    with pytest.raises(AxesError, match="one grey channel"):
        segment(Volume(np.zeros((3, 4, 3), np.uint8), axes))


def test_a_data_bar_is_pointed_out():
    assert any("28 rows look like a data bar" in note for note in segment(sample_sem()).notes)
    assert segment(sample_fibsem()).notes == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"smoothing": -1.0}, "smoothing"),
        ({"superpixel_area": 0.5}, "superpixel_area"),
        ({"compactness": 0.0}, "compactness"),
        ({"method": "unet"}, "--model"),
        ({"model": "x"}, "--method unet"),
    ],
)
def test_senseless_parameters_are_refused(options, words):
    with pytest.raises(ParameterError, match=words):
        segment(Volume(two_phases()[0], "ZYX"), **options)


def test_smoothing_helps_where_noise_blurs_the_peaks():
    grey, solid = two_phases((2, 120, 120))
    noisy = np.clip(grey + np.random.default_rng(5).normal(0, 50, grey.shape), 0, 255).astype(np.uint8)
    plain = (np.asarray(segment(Volume(noisy, "ZYX"))) == solid).mean()
    smooth = (np.asarray(segment(Volume(noisy, "ZYX"), smoothing=1.0)) == solid).mean()
    assert smooth > plain + 0.03


def test_the_input_is_never_changed():
    grey, _ = two_phases()
    kept = grey.copy()
    grey.setflags(write=False)
    for method in METHODS:
        segment(Volume(grey, "ZYX"), method=method, smoothing=1.0, pores="bright")
    np.testing.assert_array_equal(grey, kept)


def test_hybrid_finds_shine_through_that_otsu_misses():
    """On the built-in stack: pore recall up by 0.1, accuracy above 0.89, pore Jaccard above 0.77."""
    truth = sample_fibsem_truth()
    otsu = score(segment(sample_fibsem()), truth)
    hybrid = score(segment(sample_fibsem(), method="hybrid"), truth)
    assert hybrid["classes"]["0"]["recall"] > otsu["classes"]["0"]["recall"] + 0.1
    assert hybrid["accuracy"] >= 0.89
    assert hybrid["classes"]["0"]["jaccard"] >= 0.77


def test_progress_runs_to_the_end_and_can_be_stopped():
    image = Volume(two_phases((6, 50, 50))[0], "ZYX")
    for per, total in (("slice", 6), ("volume", 18)):
        ticks = list(segment.steps(image, per=per))
        assert ticks[-1].step == ticks[-1].total == total
        assert [t.step for t in ticks] == sorted(t.step for t in ticks)
    steps = segment.steps(image, method="hybrid")
    next(steps)
    steps.close()


def test_torch_is_not_loaded_without_a_network():
    """In a fresh process."""
    import subprocess

    code = (
        "import sys, numpy as np\n"
        "from napari_microgen.volume import Volume\n"
        "from napari_microgen.segment.phase_map import segment\n"
        "segment(Volume(np.arange(400, dtype=np.uint8).reshape(20, 20), 'YX'), method='hybrid')\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("method", METHODS)
def test_stacks_larger_than_memory_are_read_by_plane_and_written_to_disk(method, monkeypatch, tmp_path):
    """A lazy stack that counts its reads; the result lies in a file when memory is short."""
    grey, _ = two_phases((5, 60, 70))
    expected = np.asarray(segment(Volume(grey, "ZYX"), method=method))

    class Lazy:
        shape, ndim, dtype, largest = grey.shape, 3, grey.dtype, 0

        def __getitem__(self, place):
            part = grey[place]
            Lazy.largest = max(Lazy.largest, part.size)
            return part

    monkeypatch.setenv("MICROGEN_MEMORY", "20000")
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    result = segment(Volume(Lazy(), "ZYX"), method=method)
    assert isinstance(result.data, np.memmap)
    assert Lazy.largest == 60 * 70
    np.testing.assert_array_equal(np.asarray(result), expected)

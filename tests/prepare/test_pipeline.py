"""The operation as a whole: what it keeps, what it records, what it refuses."""

import json
import subprocess
import sys
import textwrap

import dask.array
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_microgen.errors import (
    AxesError,
    LabelTypeError,
    MemoryLimitError,
    MicrogenError,
    NonFiniteError,
    ParameterError,
    UnknownVoxelSizeError,
)
from napari_microgen.io.limits import memory_budget
from napari_microgen.prepare.pipeline import prepare
from napari_microgen.prepare.registration import pair_shift
from napari_microgen.volume import Volume

VOXEL = {"voxel_size": (25.0, 18.6, 18.6), "unit": "nm"}
EVERYTHING = {
    "invert": True,
    "register": True,
    "tilt_correction": 36.0,
    "curtaining": "fft",
    "shading": "additive",
    "denoise": "gaussian",
    "clahe": True,
    "clahe_block": 32,
}


@pytest.fixture(scope="module")
def stack(phases):
    """A drifting stack with curtains, a shadow and noise."""
    volume = phases((6, 140, 150), (6, 4, 4), 1)
    rng = np.random.default_rng(2)
    curtains = 6 * ndimage.gaussian_filter1d(rng.standard_normal(150), 1.5) * 2
    shadow = np.linspace(0, -25, 140)[:, None]
    slices = []
    for k, solid in enumerate(volume):
        sharp = ndimage.gaussian_filter(np.where(solid, 190.0, 80.0), 0.6) + curtains + shadow
        moved = ndimage.shift(sharp, (0.7 * k, -0.4 * k), order=1, mode="nearest")
        slices.append(moved + rng.normal(0, 6, moved.shape))
    return np.clip(np.rint(slices), 0, 255).astype(np.uint8)


def image_of(data, **options):
    return Volume(data, "ZYX"[-data.ndim :], **{**VOXEL, "name": "stack", **options})


def steps_of(result):
    return [step["step"] for step in result.facts["steps"]]


def test_by_default_nothing_changes_and_that_is_said(stack):
    result = prepare(image_of(stack))
    assert np.array_equal(result.data, stack)
    assert result.facts["steps"] == []
    assert any("unchanged" in note for note in result.notes)


def test_every_step_is_recorded_in_order_as_plain_json(stack):
    result = prepare(image_of(stack), crop_data_bar=3, voi=(1, 5, 20, 120, 30, 140), **EVERYTHING)
    assert steps_of(result) == [
        "data_bar",
        "invert",
        "register",
        "tilt_correction",
        "curtaining",
        "shading",
        "denoise",
        "clahe",
        "voi",
    ]
    assert json.loads(json.dumps(result.facts, allow_nan=False)) == result.facts
    assert result.shape == (4, round(100 / np.cos(np.radians(36))), 110)
    assert result.voxel_size == VOXEL["voxel_size"]
    assert result.facts["origin"] == [1, 20, 30]


@pytest.mark.parametrize("step", EVERYTHING)
def test_each_step_alone_says_what_it_did(stack, step):
    if step == "clahe_block":
        return
    result = prepare(image_of(stack), **{step: EVERYTHING[step]})
    assert steps_of(result) == [step]
    assert not np.array_equal(np.asarray(result.data), stack)


@pytest.mark.parametrize(
    "kind", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.float32, np.float64, ">u2"]
)
def test_the_type_is_kept(stack, kind):
    data = (stack // 2).astype(kind)
    result = prepare(image_of(data), curtaining="fft", denoise="gaussian", clahe=True)
    assert result.dtype == np.dtype(kind).newbyteorder("=")
    assert np.asarray(result.data).std() > 10


def test_large_whole_numbers_survive_a_crop_exactly():
    data = np.array([[[2**53 + 1, 2**60 + 3], [5, 7]]], dtype=np.int64)
    assert prepare(image_of(data), voi=(0, 1, 0, 1, 0, 2)).data.tolist() == [[[2**53 + 1, 2**60 + 3]]]


def test_clipped_grey_values_are_counted(stack):
    low = (stack.astype(int) - 60).clip(0).astype(np.uint8)
    result = prepare(image_of(low), curtaining="fft")
    assert result.facts["clipped"]["below"] > 0
    assert result.facts["clipped"]["above"] == 0
    assert prepare(image_of(stack), denoise="median").facts["clipped"] == {"below": 0, "above": 0}


def test_registration_lines_the_slices_up(stack):
    result = prepare(image_of(stack), register=True)
    record = result.facts["steps"][0]
    assert np.allclose(record["shifts_px"], np.arange(6)[:, None] * [0.7, -0.4], atol=0.25)
    assert np.allclose(record["trend_px_per_slice"], [0.7, -0.4], atol=0.05)
    assert result.shape[1:] == (
        record["rows"][1] - record["rows"][0],
        record["columns"][1] - record["columns"][0],
    )
    after = [pair_shift(a, b).shift for a, b in zip(result.data[:-1], result.data[1:], strict=True)]
    assert np.abs(after).max() < 0.1


def test_filled_edges_are_counted(stack):
    result = prepare(image_of(stack), register=True, register_edges="fill")
    record = result.facts["steps"][0]
    assert result.shape == stack.shape
    assert record["no_data_voxels"] == np.count_nonzero(np.asarray(result.data) == 0)
    assert record["no_data_voxels"] > 0


def test_kept_trend_stays_and_a_receding_face_is_recognised(phases):
    solid = phases((200, 120), 5)
    slices = [np.where(solid[k : k + 120], 180, 60) for k in range(24)]
    image = image_of(np.array(slices, np.uint8), voxel_size=(25.0, 18.16, 18.16))
    removed = prepare(image, register=True)
    assert any("receding face" in note and "taken out" in note for note in removed.notes)
    assert removed.facts["steps"][0]["trend_px_per_slice"][0] == pytest.approx(-1, abs=0.01)
    kept = prepare(image, register=True, keep_trend=True)
    assert any("left in" in note for note in kept.notes)
    assert kept.shape[1] >= 119


def test_one_slice_is_not_registered_and_that_is_said(stack):
    for image in (image_of(stack[:1]), image_of(stack[0], voxel_size=(18.6, 18.6))):
        result = prepare(image, register=True)
        assert np.array_equal(result.data, image.data)
        assert any("one slice" in note for note in result.notes)


def test_constant_slices_are_undefined_and_bridged(stack):
    data = stack.copy()
    data[3] = 40
    record = prepare(image_of(data), register=True).facts["steps"][0]
    assert record["shifts_px"][3] is None
    assert record["undefined_slices"] == [3]
    assert np.allclose(record["shifts_px"][5], [3.5, -2.0], atol=0.25)


@pytest.mark.parametrize(
    "options", [{"register": True}, {"curtaining": "fft"}, {"shading": "additive"}, EVERYTHING]
)
def test_a_constant_image_comes_back_with_reasons(options):
    result = prepare(image_of(np.full((3, 64, 64), 9, np.uint8)), **options)
    assert np.ptp(np.asarray(result.data)) == 0
    assert result.notes or "curtaining" in options


def test_slices_that_share_nothing_are_refused(face):
    wide = face((64, 4000), smoothing=3.0)[0].clip(0, 255).astype(np.uint8)
    slices = np.array([wide[:, 14 * k : 14 * k + 100] for k in range(10)])
    with pytest.raises(ParameterError, match="no pixel is common"):
        prepare(image_of(slices), register=True)
    assert prepare(image_of(slices), register=True, register_edges="fill").shape == slices.shape


@pytest.mark.parametrize("options", [{"curtaining": "wavelet"}, {"shading": "multiplicative"}, EVERYTHING])
def test_a_voi_is_cut_from_what_the_whole_would_be(stack, options):
    whole = prepare(image_of(stack), **options)
    record = next((s for s in whole.facts["steps"] if s["step"] == "register"), None)
    top, left = (record["rows"][0], record["columns"][0]) if record else (0, 0)
    part = prepare(image_of(stack), voi=(2, 5, 30, 90, 40, 130), **options)
    stretch = 1 / np.cos(np.radians(36)) if "tilt_correction" in options else 1
    first = round((30 - top) * stretch)
    expected = np.asarray(whole.data)[2:5, first : first + part.shape[1], 40 - left : 130 - left]
    assert np.array_equal(part.data, expected)


def test_a_voi_by_length_follows_the_voxel_size(stack):
    result = prepare(image_of(stack), voi_size=(0.1, 0.93, 0.465), voi_position=(0.025, 0.0, 0.186))
    assert result.shape == (4, 50, 25)
    assert np.array_equal(result.data, stack[1:5, :50, 10:35])
    assert result.facts["origin"] == [1, 0, 10]
    with pytest.raises(UnknownVoxelSizeError):
        prepare(Volume(stack, "ZYX"), voi_size=(0.1, 0.1, 0.1))


def test_shading_brings_slices_and_rows_to_one_level(stack):
    uneven = np.clip(stack.astype(int) + np.arange(6)[:, None, None] * 6 - 20, 0, 255).astype(np.uint8)
    result = prepare(image_of(uneven), shading="additive")
    record = result.facts["steps"][0]
    assert np.ptp(record["slice_levels"]) > 25
    bright = np.asarray(result.data) > record["level"] - 40
    data = np.ma.masked_array(np.asarray(result.data, float), ~bright)
    assert np.ptp(data.mean(axis=(1, 2))) < 3
    assert np.ptp([data[:, k : k + 20].mean() for k in range(0, 140, 20)]) < 4


def bar_frame(rows):
    from PIL import Image, ImageDraw, ImageFont

    strip = Image.new("L", (400, rows), 0)
    draw = ImageDraw.Draw(strip)
    draw.text(
        (5, 4), "HV 5.00 kV   WD 4.2 mm   Mag 50 000 x   det TLD", fill=255, font=ImageFont.load_default(14)
    )
    return np.asarray(strip)


def test_the_data_bar_is_proposed_and_only_cropped_when_asked(face):
    grey = face((300, 400))[0].clip(0, 255).astype(np.uint8)
    stack = np.array([np.vstack([np.roll(grey, k, axis=1), bar_frame(30)]) for k in range(3)])
    kept = prepare(image_of(stack))
    assert kept.shape == stack.shape
    assert any("rows 300 to 330 look like a data bar" in note for note in kept.notes)
    cropped = prepare(image_of(stack), crop_data_bar="auto")
    assert np.array_equal(cropped.data, stack[:, :300])
    assert cropped.facts["steps"] == [
        {"step": "data_bar", "rows": 30, "edge": "bottom", "how": "found in the image"}
    ]
    top = prepare(image_of(stack[:, ::-1]), crop_data_bar="auto")
    assert top.facts["origin"] == [0, 30, 0]
    assert top.facts["steps"][0]["edge"] == "top"


def test_what_the_file_states_of_the_bar_counts_first_and_is_used_once(stack):
    image = image_of(stack, metadata={"data_bar_rows": 12, "vendor": "FEI"})
    assert any("rows 128 to 140" in note for note in prepare(image).notes)
    once = prepare(image, crop_data_bar="auto")
    assert once.shape == (6, 128, 150)
    assert once.metadata == {"vendor": "FEI"}
    assert prepare(once, crop_data_bar="auto").shape == (6, 128, 150)


@pytest.mark.parametrize(("rows", "kept"), [(10, slice(0, 130)), (-10, slice(10, 140)), (0, slice(0, 140))])
def test_a_given_number_of_rows_is_cropped(stack, rows, kept):
    assert np.array_equal(prepare(image_of(stack), crop_data_bar=rows).data, stack[:, kept])


def test_no_bar_found_is_said(stack):
    result = prepare(image_of(stack), crop_data_bar="auto")
    assert result.shape == stack.shape
    assert any("no data bar" in note for note in result.notes)


def test_labels_can_be_cropped_and_nothing_else(stack):
    labels = image_of((stack > 130).astype(np.uint8), kind="labels")
    part = prepare(labels, voi=(0, 6, 0, 100, 0, 100))
    assert part.kind == "labels"
    assert np.array_equal(part.data, labels.data[:, :100, :100])
    mask = image_of(stack > 130)
    assert prepare(mask, crop_data_bar=5).dtype == bool
    for volume in (labels, mask):
        with pytest.raises(LabelTypeError, match="curtaining, denoise would change them"):
            prepare(volume, curtaining="fft", denoise="median")


def test_wrong_input_is_named(stack):
    with pytest.raises(AxesError, match="colour"):
        prepare(Volume(np.zeros((20, 20, 3), np.uint8), "YXS", name="photo"), denoise="median")
    spoilt = stack.astype(np.float32)
    spoilt[2, 3, 4] = np.nan
    with pytest.raises(NonFiniteError, match=r"first at \(2, 3, 4\)"):
        prepare(image_of(spoilt), denoise="median")


@pytest.mark.parametrize(
    "options",
    [
        {"curtaining": "magic"},
        {"shading": "yes"},
        {"denoise": "bm3d"},
        {"register_edges": "wrap"},
        {"crop_data_bar": "yes"},
        {"crop_data_bar": 140},
        {"max_shift": 0},
        {"tilt_correction": 90.0},
        {"denoise": "gaussian", "denoise_strength": 0.0},
        {"clahe": True, "clahe_slope": 0.5},
        {"clahe": True, "clahe_bins": 2},
        {"curtain_longest": 1.0},
        {"curtain_angle": float("nan")},
        {"voi": (0, 6, 0, 140, 0, 151)},
        {"voi": (0, 6, 0, 140)},
        {"voi": (0, 1, 0, 1, 0, 1), "voi_size": (1.0, 1.0, 1.0)},
        {"voi_position": (0.0, 0.0, 0.0)},
        {"crop_data_bar": 20, "voi": (0, 6, 0, 140, 0, 150)},
    ],
    ids=str,
)
def test_wrong_options_are_refused_in_one_line(stack, options):
    with pytest.raises(MicrogenError) as caught:
        prepare(image_of(stack), **options)
    assert isinstance(caught.value, ParameterError)
    assert "\n" not in str(caught.value)


def test_a_slice_too_large_for_the_memory_is_refused_at_once(monkeypatch):
    monkeypatch.setenv("MICROGEN_MEMORY", str(2**30))
    huge = Volume(np.broadcast_to(np.uint8(7), (100_000, 100_000)), "YX", name="huge")
    with pytest.raises(MemoryLimitError, match="100000 x 100000 pixels needs about"):
        prepare(huge, curtaining="fft")


@settings(max_examples=12)
@given(
    st.tuples(st.integers(1, 6), st.integers(10, 140), st.integers(10, 150)),
    st.sampled_from(["zarr", "dask"]),
)
def test_chunks_do_not_show(stack, chunks, kind):
    options = {key: EVERYTHING[key] for key in ("register", "curtaining", "shading", "denoise")}
    whole = prepare(image_of(stack), **options)
    if kind == "zarr":
        chunked = zarr.create_array({}, shape=stack.shape, chunks=chunks, dtype=stack.dtype)
        chunked[:] = stack
    else:
        chunked = dask.array.from_array(stack, chunks=chunks)
    part = prepare(image_of(chunked), **options)
    assert np.array_equal(part.data, whole.data)
    assert part.facts == whole.facts


def test_little_memory_puts_the_work_on_disk_with_the_same_result(stack, monkeypatch, tmp_path):
    plenty = prepare(image_of(stack), shading="additive", register=True)
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    monkeypatch.setenv("MICROGEN_MEMORY", str(140 * 150 * 101))
    scarce = prepare(image_of(stack), shading="additive", register=True)
    assert np.array_equal(plenty.data, scarce.data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs RLIMIT_AS")
def test_a_part_of_a_volume_far_larger_than_memory(tmp_path):
    """64 GiB that exist on paper only, in a process that may use 2 GiB."""
    code = """
        import resource
        import numpy as np, zarr
        from napari_microgen.prepare.pipeline import prepare
        from napari_microgen.volume import Volume
        resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30,) * 2)
        shape, chunks = (65536, 1024, 1024), (1, 512, 512)
        data = zarr.create_array({}, shape=shape, chunks=chunks, dtype="uint8", fill_value=9)
        result = prepare(Volume(data, "ZYX"), denoise="gaussian", voi=(30000, 30064, 0, 1024, 0, 1024))
        assert result.shape == (64, 1024, 1024) and (np.asarray(result.data) == 9).all()
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        assert int(status["VmHWM"].split()[0]) < 1.5 * 2**20  # of this program alone, in kB
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, env={"OMP_NUM_THREADS": "1"})


@pytest.mark.nightly
@pytest.mark.parametrize("options", [{"curtaining": "fft"}, {"shading": "additive"}, {"denoise": "median"}])
def test_ten_thousand_pixels_square_work_or_are_refused_at_once(options):
    rng = np.random.default_rng(0)
    block = rng.integers(0, 255, (100, 100), dtype=np.uint8)
    image = Volume(np.tile(block, (100, 100)), "YX", name="large")
    try:
        result = prepare(image, **options)
    except MemoryLimitError as refusal:
        assert "10000 x 10000 pixels needs about" in str(refusal)  # noqa: PT017
        assert memory_budget() < 12e9
    else:
        assert result.shape == (10_000, 10_000)

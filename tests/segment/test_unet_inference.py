import numpy as np
import pytest
import torch

from napari_microgen.errors import (
    AxesError,
    MemoryLimitError,
    ModelFileError,
    NonFiniteError,
    ParameterError,
    ShapeMismatchError,
)
from napari_microgen.io.reading import read
from napari_microgen.progress import finish
from napari_microgen.segment import unet_inference
from napari_microgen.segment.phase_map import segment
from napari_microgen.segment.unet_data import Normalisation
from napari_microgen.segment.unet_inference import bfloat16_bits, decided, predict_steps
from napari_microgen.segment.unet_model import load_segmenter
from napari_microgen.volume import Volume

PLAIN = {"precision": "fp32", "threads": 1, "device": "cpu"}


@pytest.fixture
def stack(small_stack):
    return Volume(small_stack[0], "ZYX", (25.0, 18.6, 18.6), "nm", name="grey")


def predicted(image, model, **options):
    return finish(predict_steps(image, model, **(PLAIN | options)))


@pytest.mark.parametrize("kind", ["default", "paper"])
def test_it_finds_the_phases(stack, small_stack, small_models, kind):
    result = predicted(stack, small_models[kind])
    assert result.kind == "labels"
    assert result.dtype == np.uint8
    assert (result.axes, result.voxel_size, result.unit) == (stack.axes, stack.voxel_size, stack.unit)
    accuracy = np.mean((np.asarray(result.data) == 1) == small_stack[1])
    assert accuracy > (0.97 if kind == "default" else 0.7)
    assert result.facts["phase_fraction"]["1"] == pytest.approx(np.mean(np.asarray(result.data)))
    assert sum(result.facts["phase_fraction"].values()) == pytest.approx(1)
    assert result.notes == ()


@pytest.mark.parametrize("kind", ["default", "paper"])
def test_it_is_the_network_applied_plane_by_plane(stack, small_models, kind):
    """The same by the textbook: scale, mirror to whole strides, network in evaluation mode, argmax."""
    trained = load_segmenter(small_models[kind])
    grey, expected = np.asarray(stack.data), []
    for z in range(len(grey)):
        where = np.clip(np.arange(z - trained.context, z + trained.context + 1), 0, len(grey) - 1)
        planes = np.pad(trained.scale(grey[where]), ((0, 0), (0, 0), (0, 12)), mode="symmetric")
        with torch.inference_mode():
            logits = trained.network(torch.from_numpy(planes)[None])
        expected.append(np.asarray(trained.classes)[logits.argmax(1)[0, :, :100]])
    found = predicted(stack, small_models[kind], output="classes")
    assert np.mean(np.asarray(found.data) == np.stack(expected)) > 0.9999
    assert set(found.facts["class_fraction"]) == {"1", "2"}


def test_it_runs_as_the_method_of_segment(stack, small_models):
    found = segment(stack, method="unet", model=small_models["default"])
    assert (
        np.mean(np.asarray(found.data) == np.asarray(predicted(stack, small_models["default"]).data)) > 0.999
    )


def test_tiles_give_the_same_phases(stack, small_models):
    large = Volume(np.tile(np.asarray(stack.data)[:2], (1, 4, 3)), "ZYX")
    whole = predicted(large, small_models["default"])
    assert whole.facts["tile"] == [320, 304]
    for tile, overlap, share in ((288, 120, 0.0), (192, 64, 1e-3)):
        tiled = predicted(large, small_models["default"], tile=tile, overlap=overlap)
        assert (tiled.facts["tile"], tiled.facts["overlap"]) == ([tile, tile], overlap)
        assert np.mean(np.asarray(whole.data) != np.asarray(tiled.data)) <= share


def test_bfloat16_gives_the_same_phases(stack, small_models):
    results = [
        np.asarray(predicted(stack, small_models["default"], precision=p).data) for p in ("fp32", "bf16")
    ]
    assert np.mean(results[0] != results[1]) <= 2e-3


def test_the_number_format_is_chosen_by_timing_and_told(stack, small_models):
    result = predicted(stack, small_models["default"], precision="auto", threads=None)
    assert result.facts["precision"] in ("fp32", "bf16")
    single = Volume(np.asarray(stack.data)[0], "YX")
    assert predicted(single, small_models["paper"], precision="auto").facts["precision"] == "fp32"


def test_bfloat16_is_refused_where_it_changes_labels(stack, small_models, monkeypatch):
    def keen(choices, work, **options):
        for choice in choices:
            work(choice)
            yield unet_inference.Progress(0, 1)
        return choices[-1]

    monkeypatch.setattr(unet_inference, "fastest", keen)
    monkeypatch.setattr(unet_inference, "SAME", 1.1)
    result = predicted(stack, small_models["default"], precision="auto")
    assert result.facts["precision"] == "fp32"
    assert "bf16 changed" in result.notes[0]


def test_confidence_is_high_inside_and_low_between(stack, small_stack, small_models):
    from scipy import ndimage as ndi

    result = predicted(stack, small_models["default"], output="confidence")
    found = np.asarray(result.data)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 1
    solid = small_stack[1]
    edge = ndi.binary_dilation(solid, np.ones((1, 3, 3))) & ~ndi.binary_erosion(solid, np.ones((1, 3, 3)))
    assert found[~edge].mean() > found[edge].mean() + 0.05
    right = (np.asarray(predicted(stack, small_models["default"]).data) == 1) == solid
    assert found[right].mean() > found[~right].mean() + 0.1


def test_confidence_is_the_margin_of_the_chances():
    chance = torch.tensor([0.7, 0.2, 0.1])
    assert decided(chance.log()[None, :, None, None], None).item() == pytest.approx(0.5, abs=1e-6)


def test_one_plane_takes_the_place_of_its_neighbours_and_it_is_said(stack, small_stack, small_models):
    result = predicted(Volume(np.asarray(stack.data)[3], "YX", (18.6, 18.6), "nm"), small_models["default"])
    assert result.shape == (80, 100)
    assert "one plane only" in result.notes[0]
    assert np.mean((np.asarray(result.data) == 1) == small_stack[1][3]) > 0.9


def test_another_pixel_size_is_said(stack, small_models):
    coarse = Volume(stack.data, "ZYX", (25.0, 40.0, 40.0), "nm")
    assert "2.15 times as large" in predicted(coarse, small_models["default"]).notes[0]
    same = Volume(stack.data, "ZYX", (0.025, 0.0186, 0.0186), "um")
    assert predicted(same, small_models["default"]).notes == ()
    assert predicted(Volume(stack.data, "ZYX"), small_models["default"]).notes == ()


def test_images_that_do_not_fit_are_refused(stack, small_models):
    model, grey = small_models["default"], np.asarray(stack.data)
    with pytest.raises(ShapeMismatchError, match=r"2 detector channel.*trained on 1"):
        predicted(Volume(np.stack([grey, grey]), "CZYX"), model)
    with pytest.raises(AxesError, match="colour"):
        predicted(Volume(np.stack([grey[0]] * 3, -1), "YXS"), model)
    broken = grey.astype(np.float32)
    broken[2, 5, 7] = np.inf
    with pytest.raises(NonFiniteError, match=r"\(2, 5, 7\)"):
        predicted(Volume(broken, "ZYX"), model)
    with pytest.raises(ParameterError, match="tile"):
        predicted(stack, model, tile=16)


def test_a_missing_model_is_named(stack, tmp_path):
    with pytest.raises(ModelFileError, match="nowhere"):
        predicted(stack, tmp_path / "nowhere")


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (17, 33), (64, 64)])
def test_any_shape_comes_back_in_its_shape(small_models, shape):
    grey = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    assert predicted(Volume(grey, "YX"), small_models["paper"]).shape == shape


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, bool])
def test_any_number_type_can_be_segmented(stack, small_models, dtype):
    """The scale of each plane is its own, so 16-bit data with the same picture gives the same phases."""
    grey = np.asarray(stack.data)
    image = grey > 100 if dtype is bool else (grey.astype(np.float64) * 100 + 7).astype(dtype)
    found = predicted(Volume(image, "ZYX"), small_models["default"])
    if dtype is not bool:
        same = np.asarray(predicted(stack, small_models["default"]).data)
        assert np.mean(np.asarray(found.data) != same) < 0.002


def test_a_constant_image_is_segmented_without_a_warning(small_models):
    result = predicted(Volume(np.full((2, 32, 32), 7, np.uint8), "ZYX"), small_models["default"])
    assert set(np.unique(result.data)) <= {0, 1}


def test_a_stack_read_lazily_gives_the_same(stack, small_models):
    import dask.array

    lazy = Volume(dask.array.from_array(np.asarray(stack.data), chunks=(1, 80, 100)), "ZYX")
    here, there = (np.asarray(predicted(v, small_models["default"]).data) for v in (stack, lazy))
    assert np.array_equal(here, there)


def test_it_ticks_for_each_plane_and_can_be_stopped(stack, small_models):
    steps = predict_steps(stack, small_models["default"], **PLAIN)
    before = torch.get_num_threads()
    ticks = [next(steps) for _ in range(6)]
    assert ticks[-1].total == 8
    steps.close()
    assert torch.get_num_threads() == before


class Tight:
    """A network on a machine where only tiles up to a number of pixels fit."""

    def __init__(self, network, room, error):
        self.network, self.room, self.error = network, room, error

    def __call__(self, images):
        if images.shape[-1] * images.shape[-2] > self.room:
            raise self.error
        return self.network(images)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("x: can't allocate memory")],
    ids=lambda error: type(error).__name__,
)
def test_when_memory_runs_short_the_tile_is_halved_and_it_is_said(stack, small_models, monkeypatch, error):
    whole = predicted(stack, small_models["default"])
    real = unet_inference.fused
    monkeypatch.setattr(unet_inference, "fused", lambda *a: Wrapped(Tight(real(*a), 64 * 64, error)))
    found = predicted(stack, small_models["default"])
    assert found.facts["tile"] == [64, 64]
    assert "memory was short: tiles of 64 px" in found.notes[0]
    assert np.mean(np.asarray(found.data) != np.asarray(whole.data)) < 0.02


class Wrapped:
    """Stands where a module is moved to a device."""

    def __init__(self, call):
        self.call = call

    def to(self, device):
        return self.call


def test_other_errors_are_not_taken_for_a_lack_of_memory(stack, small_models, monkeypatch):
    broken = Tight(None, 0, RuntimeError("shapes do not match"))
    monkeypatch.setattr(unet_inference, "fused", lambda *a: Wrapped(broken))
    with pytest.raises(RuntimeError, match="shapes"):
        predicted(stack, small_models["default"])


def test_memory_is_estimated_before_and_the_tile_made_to_fit(small_models, monkeypatch):
    grey = np.random.default_rng(0).integers(0, 255, (1, 256, 256)).astype(np.uint8)
    image = Volume(grey, "ZYX")
    network = load_segmenter(small_models["default"]).network
    plane = 256 * 256 * 4 * (3 + 2 + 2)
    monkeypatch.setenv("MICROGEN_MEMORY", str(plane + 130 * 130 * network.bytes_per_pixel))
    assert predicted(image, small_models["default"]).facts["tile"] == [128, 128]
    monkeypatch.setenv("MICROGEN_MEMORY", str(plane))
    with pytest.raises(MemoryLimitError, match=r"256 x 256 px.*Crop"):
        predicted(image, small_models["default"])


def test_the_estimate_is_above_what_is_taken(small_models):
    """Allocations of the network alone, counted by torch's profiler, stay below the estimate."""
    from torch.profiler import ProfilerActivity, profile

    for kind in ("default", "paper"):
        network = load_segmenter(small_models[kind]).network
        fast = unet_inference.fused(network)
        layers = next(network.parameters()).shape[1]
        image = torch.zeros(1, layers, 256, 256).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as work:
            fast(image)
        held = peak = 0
        for event in work.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                peak = max(peak, held)
        assert 0.4 * network.bytes_per_pixel < peak / 256**2 < network.bytes_per_pixel


def test_large_results_lie_on_disk(stack, small_models, monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGEN_CACHE", str(tmp_path))
    monkeypatch.setattr(unet_inference, "allocate", spied := Spy(unet_inference.allocate))
    predicted(stack, small_models["default"])
    assert spied.shapes == [(8, 80, 100)]


class Spy:
    def __init__(self, real):
        self.real, self.shapes = real, []

    def __call__(self, shape, dtype):
        self.shapes.append(shape)
        return self.real(shape, dtype)


def test_bfloat16_is_rounded_as_torch_rounds():
    values = np.random.default_rng(0).standard_normal(10_000).astype(np.float32) * 100
    assert torch.equal(
        torch.from_numpy(bfloat16_bits(values)).view(torch.bfloat16), torch.from_numpy(values).bfloat16()
    )


def test_the_file_is_read_as_it_is_segmented(small_stack, small_models, tmp_path):
    """From file to result by the public reader, as the command does."""
    from napari_microgen.io.writing import write

    path = write(Volume(small_stack[0], "ZYX", (25.0, 18.6, 18.6), "nm"), tmp_path / "grey.tif")
    found = predicted(read(path), small_models["default"])
    assert found.voxel_size == (25.0, 18.6, 18.6)


def test_scales_agree_between_training_and_use():
    planes = np.random.default_rng(0).integers(0, 255, (3, 40, 50)).astype(np.uint8)
    together = Normalisation("plane")(planes)
    assert all(np.allclose(Normalisation("plane")(planes[z]), together[z], atol=1e-6) for z in range(3))

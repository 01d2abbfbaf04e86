import json

import numpy as np
import pytest
import torch
from scipy import ndimage as ndi

from napari_microgen.errors import CheckpointError, DivergedError, MemoryLimitError, ParameterError, SaveError
from napari_microgen.io.reading import read
from napari_microgen.io.weights import load_model
from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import finish
from napari_microgen.segment import unet_job, unet_method
from napari_microgen.segment.unet_data import load
from napari_microgen.segment.unet_inference import predict_steps
from napari_microgen.segment.unet_job import solid_classes, training_folder
from napari_microgen.segment.unet_method import build_network
from napari_microgen.segment.unet_presets import PRESETS
from napari_microgen.segment.unet_training import train_unet
from napari_microgen.train.checkpoints import Checkpoints
from napari_microgen.train.log import read_log
from napari_microgen.train.timing import available_cores
from napari_microgen.volume import Volume

TINY = {
    "steps": 8,
    "context": 1,
    "base_channels": 8,
    "patch_size": 32,
    "batch_size": 2,
    "save_every": 3,
    "precision": "fp32",
    "threads": 1,
    "device": "cpu",
}


def field(planes, side, seed):
    noise = np.random.default_rng(seed).standard_normal((planes, side, side))
    return ndi.gaussian_filter(noise, (1, 3, 3)) > 0


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A stack of bright solid and dark pores, and its labels: 1 solid, 2 pore."""
    folder = tmp_path_factory.mktemp("sample")
    solid = field(10, 48, 0)
    grey = (80 * solid + 60 + 20 * np.random.default_rng(1).standard_normal(solid.shape)).clip(0, 255)
    image = write(Volume(grey.astype(np.uint8), "ZYX", (25.0, 18.6, 18.6), "nm"), folder / "grey.tif")
    labels = write(
        Volume(np.where(solid, 1, 2).astype(np.uint8), "ZYX", kind="labels"), folder / "labels.tif"
    )
    return image, labels, solid


def trained(sample, out, **options):
    return train_unet([sample[0]], [sample[1]], out, **(TINY | options))


def tensors(out):
    return load_model(out)[0]


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_it_learns_and_says_what_it_did(sample, tmp_path):
    out = tmp_path / "model"
    found = trained(sample, out, steps=60, learning_rate=5e-3)
    assert found["steps"] == 60
    assert found["seconds"] > 0
    assert (found["training_planes"], found["validation_planes"]) == (6, 2)
    assert found["scores"]["accuracy"] > 0.9
    assert set(found["scores"]["classes"]) == {"1", "2"}
    assert found["notes"] == []
    json.dumps(found)
    card = load_model(out)[1]
    details = card["details"]
    assert card["method"] == "unet-default"
    assert details["classes"] == [1, 2]
    assert details["solid"] == [1]
    assert details["context"] == 1
    assert details["data"]["voxel_size"] == [25.0, 18.6, 18.6]
    assert details["scores"] == found["scores"]
    assert details["versions"]["torch"] == torch.__version__
    rows = read_log(training_folder(out) / "log.jsonl")
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_ticks_carry_a_curve_and_a_picture(sample, tmp_path, monkeypatch):
    from napari_microgen.segment import unet_watch

    monkeypatch.setattr(unet_watch, "PREVIEW_SECONDS", 0.0)
    ticks = list(train_unet.steps([sample[0]], [sample[1]], tmp_path / "model", **TINY))
    curve = [tick for tick in ticks if "loss" in tick.values]
    assert [tick.step for tick in curve] == list(range(1, 9))
    assert {tick.total for tick in curve} == {8}
    assert {"validation_loss", "validation_jaccard"} <= curve[-1].values.keys()
    pictures = [tick.preview for tick in curve]
    assert all(p.dtype == np.uint8 and p.ndim == 2 and max(p.shape) <= 256 for p in pictures)
    left, right = pictures[-1][:, : pictures[-1].shape[1] // 2], pictures[-1][:, pictures[-1].shape[1] // 2 :]
    assert left.std() > 0
    assert set(np.unique(right)) <= {0, 255}


@pytest.mark.parametrize("preset", ["default", "paper-002"])
def test_the_same_seed_gives_the_same_network_and_another_seed_another(sample, tmp_path, preset):
    options = {"preset": preset, "every_nth": 1}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        trained(sample, tmp_path / name, seed=seed, **options)
    assert same(tensors(tmp_path / "a"), tensors(tmp_path / "b"))
    assert not same(tensors(tmp_path / "a"), tensors(tmp_path / "c"))


@pytest.mark.parametrize("preset", ["default", "paper-002"])
@pytest.mark.parametrize("stop", [1, 4, 6])
def test_cancelled_and_resumed_it_is_the_training_that_was_not(sample, tmp_path, preset, stop):
    options = TINY | {"preset": preset, "every_nth": 1}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train_unet([sample[0]], [sample[1]], whole, **options)
    steps = train_unet.steps([sample[0]], [sample[1]], broken, **options)
    for tick in steps:
        if tick.step == stop and "loss" in tick.values:
            break
    steps.close()
    assert not broken.exists()
    assert not list(tmp_path.rglob(".*.partial"))
    found = train_unet([sample[0]], [sample[1]], broken, **options, resume=True)
    assert found["steps"] == 8
    assert same(tensors(whole), tensors(broken))
    logs = [(training_folder(out) / "log.jsonl").read_bytes() for out in (whole, broken)]
    assert logs[0] == logs[1]


def test_a_finished_training_can_be_lengthened(sample, tmp_path):
    trained(sample, tmp_path / "model", steps=4)
    found = trained(sample, tmp_path / "model", steps=9, resume=True)
    assert found["steps"] == 9


def test_what_is_in_use_is_not_overwritten(sample, tmp_path):
    out = tmp_path / "model"
    with pytest.raises(CheckpointError, match="nothing to resume"):
        trained(sample, out, resume=True)
    trained(sample, out)
    with pytest.raises(CheckpointError, match=r"already exists.*--resume"):
        trained(sample, out)
    with pytest.raises(CheckpointError, match=r"learning_rate was 0\.002 and is now 0\.1"):
        trained(sample, out, resume=True, learning_rate=0.1)
    other = write(Volume(field(10, 48, 5).astype(np.uint8) + 1, "ZYX", kind="labels"), tmp_path / "other.tif")
    with pytest.raises(CheckpointError, match="data was"):
        train_unet([sample[0]], [other], out, **TINY, resume=True)
    with (
        Checkpoints(training_folder(tmp_path / "busy"), identity={}),
        pytest.raises(CheckpointError, match="Another training"),
    ):
        trained(sample, tmp_path / "busy")


def test_a_folder_that_cannot_be_written_is_known_before_the_work(sample, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match="file"):
        trained(sample, tmp_path / "file" / "model")


def test_a_diverging_training_stops_and_keeps_the_last_good_checkpoint(sample, tmp_path, monkeypatch):
    real, calls = unet_method.segmentation_loss, []

    def diverging(*arguments):
        calls.append(1)
        return real(*arguments) * (float("nan") if len(calls) == 6 else 1)

    monkeypatch.setattr(unet_method, "segmentation_loss", diverging)
    with pytest.raises(DivergedError, match=r"step 6; .*\(step 3\).*learning rate"):
        trained(sample, tmp_path / "model", validation=0.0)
    assert not (tmp_path / "model").exists()
    found = trained(sample, tmp_path / "model", validation=0.0, resume=True)
    assert found["steps"] == 8


def test_a_few_strokes_are_enough(tmp_path):
    """Three short strokes on one slice: the classes are told apart everywhere."""
    solid = field(1, 96, 3)[0]
    grey = (90 * solid + 60 + 15 * np.random.default_rng(2).standard_normal(solid.shape)).clip(0, 255)
    strokes = np.zeros(solid.shape, np.uint8)
    for rows, columns in ((slice(10, 13), slice(0, 96)), (slice(50, 90), slice(40, 42))):
        strokes[rows, columns] = np.where(solid[rows, columns], 1, 2)
    image = write(Volume(grey.astype(np.uint8), "YX"), tmp_path / "grey.tif")
    labels = write(Volume(strokes, "YX", kind="labels"), tmp_path / "strokes.tif")
    options = TINY | {"steps": 60, "context": 0, "learning_rate": 5e-3}
    found = train_unet([image], [labels], tmp_path / "model", **options)
    assert found["scores"] == {}
    assert "nothing was held back" in found["notes"][0]
    result = finish(predict_steps(read(image), tmp_path / "model"))
    assert np.mean((np.asarray(result.data) == 1) == solid) > 0.95


def test_two_detectors_and_three_classes(tmp_path):
    """Neither detector alone tells the three classes apart."""
    first, second = field(3, 48, 1), field(3, 48, 2)
    truth = np.where(first, np.where(second, 0, 1), 2).astype(np.uint8)
    paths = []
    for name, mask in (("a", first), ("b", second)):
        noise = np.random.default_rng(4).standard_normal(mask.shape)
        grey = (80 * mask + 80 + 10 * noise).astype(np.uint8)
        paths.append(write(Volume(grey, "ZYX"), tmp_path / f"{name}.tif"))
    labels = write(Volume(truth, "ZYX", kind="labels"), tmp_path / "labels.tif")
    both = f"{paths[0]}+{paths[1]}"
    options = TINY | {"steps": 70, "context": 0, "learning_rate": 5e-3, "unlabelled": None}
    train_unet([both], [labels], tmp_path / "model", **options)
    result = finish(predict_steps(read(both), tmp_path / "model", output="classes"))
    assert result.axes == "ZYX"
    assert np.mean(np.asarray(result.data) == truth) > 0.93
    phases = np.asarray(finish(predict_steps(read(both), tmp_path / "model")).data)
    assert set(np.unique(phases)) == {0, 1}


def test_the_paper_preset_is_the_recipe_of_the_paper(sample, tmp_path):
    """Every fifth slice, 70 % of them, whole, one per step, 100 epochs, RMSprop, no variation."""
    solid = field(50, 32, 0)
    grey = (80 * solid + 60).astype(np.uint8)
    image = write(Volume(grey, "ZYX"), tmp_path / "grey.tif")
    labels = write(
        Volume(np.where(solid, 1, 2).astype(np.uint8), "ZYX", kind="labels"), tmp_path / "labels.tif"
    )
    steps = train_unet.steps(
        [image], [labels], tmp_path / "model", preset="paper-002", threads=1, precision="fp32"
    )
    tick = next(tick for tick in steps if "loss" in tick.values)
    assert tick.total == 700
    steps.close()
    identity = json.loads((training_folder(tmp_path / "model") / "training.json").read_text())["identity"]
    assert (identity["batch_size"], identity["learning_rate"]) == (1, 1e-3)
    assert identity["network"] == {"channels": 1, "classes": 2, "normalisation": "batch"}


def test_whole_planes_come_in_a_new_order_each_epoch(sample):
    chosen = PRESETS["paper-002"]
    data = finish(load([sample[0]], [sample[1]], context=0, unlabelled=0, validation=0.0, scale="range"))
    job = unet_job.Job(
        out=None,
        preset="paper-002",
        chosen=chosen,
        data=data,
        options={},
        unlabelled=0,
        patch_size=256,
        seed=0,
        device="cpu",
    )
    generator = np.random.default_rng(0)
    drawn = [job.draw(n, generator)[0][0].mean() for n in range(30)]
    epochs = [drawn[i : i + 10] for i in (0, 10, 20)]
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_a_time_limit_alone_ends_the_training_with_a_model(sample, tmp_path):
    found = trained(sample, tmp_path / "model", steps=None, minutes=0.02)
    assert found["steps"] >= 1
    assert load_model(tmp_path / "model")[1]["details"]["training"]["steps"] == found["steps"]


def test_threads_and_number_format_are_chosen_and_told(sample, tmp_path):
    found = trained(sample, tmp_path / "model", precision="auto", threads=None, steps=2)
    assert found["precision"] in ("fp32", "bf16")
    assert found["threads"] in (1, available_cores())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("preset", "best"),
        ("context", 9),
        ("base_channels", 12),
        ("patch_size", 100),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("validation", 1.5),
        ("every_nth", 0),
        ("save_every", 0),
        ("threads", 0),
        ("steps", 0),
        ("minutes", -1.0),
    ],
)
def test_numbers_that_make_no_sense_are_refused(sample, tmp_path, option, value):
    with pytest.raises(ParameterError):
        trained(sample, tmp_path / "model", **{option: value})
    assert not (tmp_path / "model").exists()


def test_planes_too_small_for_the_papers_network_are_refused(tmp_path):
    solid = field(10, 16, 0)
    image = write(Volume((80 * solid + 60).astype(np.uint8), "ZYX"), tmp_path / "grey.tif")
    labels = write(Volume(solid.astype(np.uint8) + 1, "ZYX", kind="labels"), tmp_path / "labels.tif")
    papers = TINY | {"preset": "paper-002", "every_nth": 1, "batch_size": 1}
    with pytest.raises(ParameterError, match=r"16 x 16 px.*at least 17"):
        train_unet([image], [labels], tmp_path / "model", **papers)
    assert train_unet([image], [labels], tmp_path / "ours", **TINY)["steps"] == 8


def test_memory_is_estimated_before_the_training(sample, tmp_path, monkeypatch):
    patch = 5 * 32 * 32 * build_network("unet-default", OPTIONS).bytes_per_pixel
    monkeypatch.setenv("MICROGEN_MEMORY", str(1.5 * patch))
    found = trained(sample, tmp_path / "cut")
    assert "each batch was cut into 2 parts" in found["notes"][0]
    monkeypatch.setenv("MICROGEN_MEMORY", str(0.5 * patch))
    with pytest.raises(MemoryLimitError, match=r"one patch.*smaller patches"):
        trained(sample, tmp_path / "none")
    assert not (tmp_path / "none").exists()


OPTIONS = {"channels": 3, "classes": 2, "base": 8, "normalisation": "batch"}


def test_what_is_solid():
    assert solid_classes([1, 2], 0) == [1]
    assert solid_classes([1, 2, 3], 0) == [1]
    assert solid_classes([0, 1, 2], None) == [1, 2]
    assert solid_classes([0, 1], 255) == [1]


def test_it_runs_as_an_operation(sample, tmp_path):
    found = finish(
        run(
            "train unet",
            images=[sample[0]],
            labels=[sample[1]],
            out=tmp_path / "model",
            **(TINY | {"steps": 2}),
        )
    )
    assert found["steps"] == 2

"""The classifier from labels to probabilities, and folders that are none."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from napari_microgen.errors import (
    AxesError,
    CheckpointError,
    InputNotFoundError,
    ModelFileError,
    ParameterError,
    ShapeMismatchError,
    TableError,
)
from napari_microgen.zones.classifier import class_probabilities, read_classifier
from napari_microgen.zones.classifier_network import StructureNetwork
from napari_microgen.zones.classifier_training import train_classifier, training_folder


@pytest.mark.parametrize(("classes", "count"), [(6, 175_974), (4, 175_844)])
def test_the_network_has_the_published_size(classes, count):
    network = StructureNetwork(classes)
    assert sum(weight.numel() for weight in network.parameters()) == count
    assert network(torch.zeros(2, 1, 64, 64)).shape == (2, classes)


def test_structures_are_told_apart_and_scores_are_of_images_not_seen(trained):
    _, result = trained
    validation = result["validation"]
    assert result["classes"] == {"coarse": 8, "fine": 14, "flat": 4}
    assert validation["micrographs"]["count"] == 26
    assert validation["micrographs"]["accuracy"] >= 0.95
    assert validation["micrographs"]["recall"]["flat"] >= 0.75
    assert sum(map(sum, validation["patches"]["confusion"])) == validation["patches"]["count"]
    calibration = validation["calibration"]
    assert calibration["log_loss_after"] <= calibration["log_loss_before"]


def test_probabilities_of_fresh_images(trained, texture):
    model = read_classifier(trained[0])
    random = np.random.default_rng(5)
    for number, kind in enumerate(model.classes):
        shares = class_probabilities(model, np.array([texture(kind, random, (64, 64)) for _ in range(6)]))
        assert shares.shape == (6, 3)
        np.testing.assert_allclose(shares.sum(1), 1)
        assert (shares.argmax(1) == number).all()


def test_larger_images_are_judged_by_patches_and_other_pixels_are_resampled(trained, texture):
    model = read_classifier(trained[0])
    object.__setattr__(model, "pixel_size", 2.0)
    object.__setattr__(model, "unit", "nm")
    random = np.random.default_rng(6)
    large = np.array([texture("coarse", random, (100, 130))])
    assert class_probabilities(model, large)[0].argmax() == model.classes.index("coarse")
    halved = np.array([np.kron(texture("fine", random, (70, 70)), np.ones((2, 2), np.uint8))])
    shares = class_probabilities(model, halved, pixel_size=1e-3, unit="um")
    assert shares[0].argmax() == model.classes.index("fine")
    with pytest.raises(ShapeMismatchError, match="64 x 64 px"):
        class_probabilities(model, large[:, :64, :64], pixel_size=1.0)


def test_what_is_no_stack_of_such_images_is_refused(trained):
    model = read_classifier(trained[0])
    with pytest.raises(AxesError, match="shape"):
        class_probabilities(model, np.zeros((64, 64), np.uint8))
    with pytest.raises(ParameterError, match="uint8 images, and these hold float32"):
        class_probabilities(model, np.zeros((1, 64, 64), np.float32))
    with pytest.raises(ShapeMismatchError, match="larger images"):
        class_probabilities(model, np.zeros((1, 32, 64), np.uint8))


def test_a_stopped_training_goes_on_to_the_same_weights(labelled, tmp_path):
    options = {"folds": 2, "steps": 6, "batch_size": 4, "save_every": 2}
    options |= {"images": labelled / "images", "labels": labelled / "labels.csv"}
    train_classifier(out=tmp_path / "whole", **options)
    steps = train_classifier.steps(out=tmp_path / "cut", **options)
    for tick in steps:
        if tick.message == "training: fold 2" and tick.step == 6 + 3:
            break
    steps.close()
    assert not (tmp_path / "cut").exists()
    with pytest.raises(CheckpointError, match="--resume"):
        train_classifier(out=tmp_path / "cut", **options)
    train_classifier(out=tmp_path / "cut", resume=True, **options)
    names = [tmp_path / name / "model.safetensors" for name in ("whole", "cut")]
    assert names[0].read_bytes() == names[1].read_bytes()
    assert not training_folder(tmp_path / "cut").exists()


def test_groups_of_a_column_are_not_torn(labelled, tmp_path):
    result = train_classifier(
        images=labelled / "images", labels=labelled / "labels.csv", out=tmp_path / "m",
        group="library", folds=4, steps=2, batch_size=4,
    )  # fmt: skip
    assert result["validation"]["group"] == "library"
    assert result["validation"]["groups"] == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"label": "phase"}, "no column 'phase'"),
        ({"group": "sample"}, "no column 'sample'"),
        ({"where": ("structure=fine",)}, "two classes or more"),
        ({"folds": 40}, "26 groups for 40 folds"),
    ],
)
def test_tables_that_do_not_fit_are_refused(labelled, tmp_path, options, words):
    with pytest.raises(TableError, match=words):
        train_classifier(
            images=labelled / "images", labels=labelled / "labels.csv", out=tmp_path / "m", **options
        )
    assert not (tmp_path / "m").exists()


def test_missing_classes_are_named(labelled, tmp_path):
    text = (labelled / "labels.csv").read_text().replace("film_03.png,L3,flat", "film_03.png,L3,")
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableError, match=r"1 images have no class .*film_03"):
        train_classifier(images=labelled / "images", labels=tmp_path / "t.csv", out=tmp_path / "m")


def test_there_is_nothing_to_resume(labelled, tmp_path):
    with pytest.raises(CheckpointError, match="nothing to resume"):
        train_classifier(
            images=labelled / "images", labels=labelled / "labels.csv", out=tmp_path / "m", resume=True
        )


def spoil(folder, change):
    card = json.loads((folder / "card.json").read_text())
    change(card["details"])
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(classes=["a"]),
        lambda d: d.update(classes=["a", "b", "b"]),
        lambda d: d.update(classes=["a", "b", "c", "d"]),
        lambda d: d.update(temperature=0),
        lambda d: d.update(temperature=True),
        lambda d: d.update(kind="generator"),
        lambda d: d["image"].update(size=128),
        lambda d: d["image"].update(pixel_size=-1.0, unit="nm"),
        lambda d: d["image"].update(pixel_size=1.0, unit="parrot"),
        lambda d: d["image"].update(grey=None),
        lambda d: d.pop("image"),
    ],
)
def test_cards_that_lie_are_refused(trained, tmp_path, change):
    import shutil

    shutil.copytree(trained[0], tmp_path / "spoiled")
    spoil(tmp_path / "spoiled", change)
    with pytest.raises(ModelFileError):
        read_classifier(tmp_path / "spoiled")


def test_what_is_no_classifier_is_refused(tmp_path):
    with pytest.raises(InputNotFoundError, match="train classifier"):
        read_classifier(tmp_path / "nothing")
    with pytest.raises(InputNotFoundError, match="no classifier 'builtin:none'"):
        read_classifier("builtin:none")
    (tmp_path / "a.pt").write_bytes(b"x")
    with pytest.raises(ModelFileError, match="safetensors"):
        read_classifier(tmp_path / "a.pt")


@pytest.mark.nightly
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("waited", ["fold-1", "fold-2", "all"])
def test_a_killed_training_goes_on_to_the_same_weights(labelled, tmp_path, waited):
    words = ["--images", labelled / "images", "--labels", labelled / "labels.csv", "--quiet"]
    words += ["--folds", "2", "--steps", "150", "--batch-size", "4", "--save-every", "5"]
    command = [sys.executable, "-m", "napari_microgen.cli", "train", "classifier", *map(str, words)]
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True)
    child = subprocess.Popen([*command, "--out", str(tmp_path / "cut")])
    folder = training_folder(tmp_path / "cut") / waited
    while len(list(folder.glob("step-*"))) < 1 and child.poll() is None:
        time.sleep(0.005)
    child.kill()
    assert child.wait() == -signal.SIGKILL, "it was still at work"
    assert not (tmp_path / "cut").exists()
    subprocess.run([*command, "--out", str(tmp_path / "cut"), "--resume"], check=True)
    names = [tmp_path / name / "model.safetensors" for name in ("whole", "cut")]
    assert names[0].read_bytes() == names[1].read_bytes()

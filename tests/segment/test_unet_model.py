import json
import shutil

import numpy as np
import pytest
import torch

from napari_microgen.errors import ModelFileError
from napari_microgen.io.weights import load_model, save_model
from napari_microgen.segment.unet_model import load_segmenter


@pytest.fixture
def model(small_models, tmp_path):
    return shutil.copytree(small_models["default"], tmp_path / "model")


def test_a_model_comes_back_as_it_was_trained(small_models):
    trained = load_segmenter(small_models["default"])
    assert (trained.classes, trained.solid, trained.channels, trained.context) == ([1, 2], [1], 1, 1)
    assert trained.scale.kind == "plane"
    assert (trained.voxel_size, trained.unit) == ([25.0, 18.6, 18.6], "nm")
    assert not trained.network.training
    stored = load_model(small_models["default"])[0]
    for name, tensor in trained.network.state_dict().items():
        assert np.array_equal(tensor.numpy(), stored[name]), name
    assert load_segmenter(small_models["paper"]).scale == type(trained.scale)("range", 0.0, 255.0)


def put(value, *path):
    def change(details):
        for key in path[:-1]:
            details = details[key]
        if value is ...:
            del details[path[-1]]
        else:
            details[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put(..., "classes"),
        put([1, 2, 3], "classes"),
        put(["1", "2"], "classes"),
        put([1.0, 2.0], "classes"),
        put([7], "solid"),
        put([1, 2], "solid"),
        put(2, "context"),
        put(-1, "context"),
        put(10**9, "context"),
        put(True, "context"),
        put(2, "channels"),
        put("os.system", "scale", "kind"),
        put(None, "scale"),
        put(16, "network", "base"),
        put(10**6, "network", "base"),
        put("x", "network", "class_name"),
        put([], "network"),
        put({"kind": "range", "low": 1.0, "high": 1.0}, "scale"),
        put({"kind": "range", "low": "a", "high": 1.0}, "scale"),
    ],
)
def test_a_card_that_lies_is_refused(model, change):
    card = json.loads((model / "card.json").read_text())
    change(card["details"])
    (model / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelFileError):
        load_segmenter(model)


@pytest.mark.parametrize("method", ["edm", "unet-paper-002", "torch"])
def test_another_kind_of_model_is_refused(model, method):
    tensors, card = load_model(model)
    shutil.rmtree(model)
    save_model(model, tensors, card | {"method": method})
    with pytest.raises(ModelFileError):
        load_segmenter(model)


@pytest.mark.parametrize("damage", ["missing", "extra", "shape", "type"])
def test_weights_that_do_not_fit_are_refused(model, damage):
    tensors, card = load_model(model)
    name = next(iter(tensors))
    if damage == "missing":
        del tensors[name]
    elif damage == "extra":
        tensors["more"] = np.zeros(3, np.float32)
    elif damage == "shape":
        tensors["head.weight"] = tensors["head.weight"][:, :3]
    else:
        tensors["head.weight"] = tensors["head.weight"].astype(np.float64)
    shutil.rmtree(model)
    save_model(model, tensors, card)
    with pytest.raises(ModelFileError):
        load_segmenter(model)


def test_no_memory_is_taken_for_a_network_that_the_weights_do_not_fit(model, monkeypatch):
    card = json.loads((model / "card.json").read_text())
    card["details"]["network"]["base"] = 256
    (model / "card.json").write_text(json.dumps(card))
    made = []
    real = torch.nn.Conv2d.__init__

    def noted(self, *arguments, **options):
        real(self, *arguments, **options)
        made.append(self.weight.device.type)

    monkeypatch.setattr(torch.nn.Conv2d, "__init__", noted)
    with pytest.raises(ModelFileError, match="do not fit"):
        load_segmenter(model)
    assert set(made) == {"meta"}

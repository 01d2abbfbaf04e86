"""A model folder is written whole and read back bit for bit."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from napari_microgen.errors import ModelFileError
from napari_microgen.io.weights import DTYPES, load_model, save_model


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_every_type_comes_back_bit_for_bit(dtype, tmp_path):
    value = (np.random.default_rng(0).random((3, 4)) * 100).astype(dtype)
    tensors, _ = load_model(save_model(tmp_path / "m", {"w": value, "empty": value[:0]}, {"method": "edm"}))
    assert tensors["w"].dtype == value.dtype
    assert np.array_equal(tensors["w"], value)
    assert tensors["empty"].shape == (0, 4)


def test_others_can_read_the_weights(tmp_path):
    value = np.random.default_rng(0).random((3, 4)).astype(np.float32)
    save_model(tmp_path / "m", {"w": value.T}, {"method": "edm"})
    assert np.array_equal(load_file(tmp_path / "m" / "model.safetensors")["w"], value.T)


def test_colleagues_may_read_what_the_umask_allows(tmp_path):
    save_model(tmp_path / "m", {"w": np.zeros(2)}, {"method": "edm"})
    (tmp_path / "plain").write_text("")
    wanted = (tmp_path / "plain").stat().st_mode & 0o777
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "m").iterdir()} == {wanted}


def test_a_model_is_replaced_whole(tmp_path):
    save_model(tmp_path / "m", {"w": np.zeros(2)}, {"method": "edm"})
    save_model(tmp_path / "m", {"w": np.ones(3)}, {"method": "ddpm"})
    tensors, card = load_model(tmp_path / "m")
    assert tensors["w"].tolist() == [1, 1, 1]
    assert card["method"] == "ddpm"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m"]


def test_a_folder_that_is_no_model_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(ModelFileError, match="left alone"):
        save_model(tmp_path / "thesis", {"w": np.zeros(2)}, {"method": "edm"})
    assert (tmp_path / "thesis" / "chapter1.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("tensors", "card"),
    [
        ({"w": np.array([np.nan])}, {"method": "edm"}),
        ({"w": np.array(["text"])}, {"method": "edm"}),
        ({"w": np.zeros(2, complex)}, {"method": "edm"}),
        ({"": np.zeros(2)}, {"method": "edm"}),
        ({"w": np.zeros(2)}, {}),
        ({"w": np.zeros(2)}, {"method": "a/b"}),
        ({"w": np.zeros(2)}, {"method": "edm", "other": 1}),
        ({"w": np.zeros(2)}, {"method": "edm", "details": {"x": float("nan")}}),
        ({"w": np.zeros(2)}, {"method": "edm", "details": {"x": object()}}),
        ({"w": np.zeros(2)}, {"method": "edm", "details": {"x": "y" * 1_000_001}}),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tensors, card, tmp_path):
    with pytest.raises(ModelFileError):
        save_model(tmp_path / "m", tensors, card)
    assert list(tmp_path.iterdir()) == []

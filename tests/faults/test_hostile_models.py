"""Model folders that lie, are damaged, or carry code: each is refused, and no code is ever run."""

import json
import pickle
import struct
import zipfile

import numpy as np
import pytest

from napari_microgen.errors import ModelFileError
from napari_microgen.io.weights import load_model, read_card, save_model


class Canary:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def model(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {
        "a.weight": rng.random((4, 3)).astype(np.float32),
        "b": np.arange(5),
        "scalar": np.float32(2.0),
    }
    return save_model(tmp_path / "model", tensors, {"method": "edm", "details": {"sigma": 0.5}})


def parts(model):
    raw = (model / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def put(model, header, data):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (model / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def header_edit(change):
    def damage(model):
        header, data = parts(model)
        put(model, change(header) or header, data)

    return damage


def entry(key, value, name="a.weight"):
    return header_edit(lambda h: h[name].__setitem__(key, value))


def card(**changes):
    def damage(model):
        content = json.loads((model / "card.json").read_text())
        content.update(changes)
        (model / "card.json").write_text(json.dumps(content))

    return damage


def card_text(text):
    return lambda model: (model / "card.json").write_bytes(text)


def drop(key):
    def damage(model):
        content = json.loads((model / "card.json").read_text())
        del content[key]
        (model / "card.json").write_text(json.dumps(content))

    return damage


def weights(content):
    return lambda model: (model / "model.safetensors").write_bytes(content)


def cut(count):
    return lambda model: weights((model / "model.safetensors").read_bytes()[:count])(model)


def spoil(name, value):
    """Put NaN or infinity among the weights of an honest file."""

    def damage(model):
        header, data = parts(model)
        start, stop = header[name]["data_offsets"]
        values = np.frombuffer(data[start:stop], np.float32).copy()
        values[-1] = value
        put(model, header, data[:start] + values.tobytes() + data[stop:])

    return damage


def pickled(protocol):
    return lambda model: weights(pickle.dumps(Canary(model.parent / "canary"), protocol))(model)


def zipped(model):
    with zipfile.ZipFile(model / "model.safetensors", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Canary(model.parent / "canary")))


def pickled_card(model):
    (model / "card.json").write_bytes(pickle.dumps(Canary(model.parent / "canary")))


def foreign_beside(name):
    def damage(model):
        (model / "model.safetensors").rename(model / name)
        (model / name).write_bytes(pickle.dumps(Canary(model.parent / "canary")))

    return damage


def link_out(name):
    def damage(model):
        (model / name).rename(model.parent / f"outside-{name}")
        (model / name).symlink_to(model.parent / f"outside-{name}")

    return damage


def overlap(header):
    header["b"]["data_offsets"] = header["a.weight"]["data_offsets"]
    header["b"].update(dtype="F32", shape=[12])


def nested(depth):
    value = 0
    for _ in range(depth):
        value = {"deeper": value}
    return value


HOSTILE = {
    **{f"pickle protocol {n}": pickled(n) for n in range(6)},
    "zip with a pickle": zipped,
    "card is a pickle": pickled_card,
    **{
        f"{name} instead": foreign_beside(name)
        for name in ("model.pt", "model.h5", "weights.ckpt", "m.joblib")
    },
    "empty weights": weights(b""),
    "seven bytes": weights(b"\x00" * 7),
    "text": weights(b"these are no weights, but a text that is long enough"),
    "header of 100 MB": weights(struct.pack("<Q", 100_000_000) + b"{}" * 100),
    "header longer than the file": weights(struct.pack("<Q", 5_000) + b"{}"),
    "header of 2^63": weights(struct.pack("<Q", 2**63) + b"{}"),
    "header is no JSON": lambda m: put(m, b"{'a': 1}", parts(m)[1]),
    "header is a list": lambda m: put(m, b"[]", parts(m)[1]),
    "header is not UTF-8": lambda m: put(m, b'{"\xff\xfe": 1}', parts(m)[1]),
    "header is deep": lambda m: put(m, b"[" * 100_000, parts(m)[1]),
    "header has a name twice": lambda m: put(
        m, json.dumps(parts(m)[0])[:-1].encode() + b', "b": {}}', parts(m)[1]
    ),
    "cut in the header": cut(30),
    "cut in the data": cut(-3),
    "data added": lambda m: put(m, parts(m)[0], parts(m)[1] + b"more"),
    "tensors overlap": header_edit(overlap),
    "a gap": header_edit(lambda h: {k: v for k, v in h.items() if k != "b"}),
    "offsets turned": entry("data_offsets", [48, 0]),
    "offsets negative": entry("data_offsets", [-48, 0]),
    "offsets beyond": entry("data_offsets", [0, 10**9]),
    "offsets are text": entry("data_offsets", "0-48"),
    "three offsets": entry("data_offsets", [0, 24, 48]),
    "offsets are decimal": entry("data_offsets", [0.0, 48.0]),
    "shape does not fit": entry("shape", [4, 4]),
    "shape negative": entry("shape", [-4, -3]),
    "shape overflows": entry("shape", [2**40, 2**40]),
    "shape is a number": entry("shape", 12),
    "type unknown": entry("dtype", "F128"),
    "type object": entry("dtype", "O"),
    "type does not fit": entry("dtype", "F64"),
    "type is a list": entry("dtype", ["F32"]),
    "entry added": entry("code", "import os"),
    "NaN weights": spoil("a.weight", np.nan),
    "infinite weights": spoil("a.weight", np.inf),
    "card missing": lambda m: (m / "card.json").unlink(),
    "weights missing": lambda m: (m / "model.safetensors").unlink(),
    "weights are a folder": lambda m: ((m / "model.safetensors").unlink(), (m / "model.safetensors").mkdir()),
    "card linked out": link_out("card.json"),
    "weights linked out": link_out("model.safetensors"),
    "card empty": card_text(b""),
    "card is no JSON": card_text(b"method: edm"),
    "card is a list": card_text(b"[1, 2]"),
    "card too large": card_text(b'{"details": "' + b"x" * 1_000_001 + b'"}'),
    "card is deep": card_text(b'{"a":' * 50_000),
    "card with NaN": card_text(
        b'{"format": 1, "method": "edm", "package_version": "1", "details": {"a": NaN}}'
    ),
    "card with a name twice": card_text(
        b'{"format": 1, "format": 1, "method": "edm", "package_version": "1", "details": {}}'
    ),
    "unknown entry": card(class_name="os.system"),
    "method missing": drop("method"),
    "details missing": drop("details"),
    "format of the future": card(format=2),
    "format is text": card(format="1"),
    "format is true": card(format=True),
    "method is a path": card(method="../../evil"),
    "method is a module": card(method="os:system"),
    "method is empty": card(method=""),
    "method is long": card(method="x" * 61),
    "method is a list": card(method=["edm"]),
    "details are text": card(details="sigma"),
    "details are deep": card(details=nested(30)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_each_hostile_model_is_refused(case, model):
    HOSTILE[case](model)
    with pytest.raises(ModelFileError) as caught:
        load_model(model)
    assert "model" in str(caught.value)
    assert not (model.parent / "canary").exists()


def test_there_are_at_least_60_hostile_models():
    assert len(HOSTILE) >= 60


@pytest.mark.parametrize("name", ["model.pt", "model.h5", "weights.pkl", "model.safetensors"])
def test_a_file_is_no_model(name, tmp_path):
    (tmp_path / name).write_bytes(pickle.dumps(Canary(tmp_path / "canary")))
    with pytest.raises(ModelFileError, match="a model is a folder"):
        load_model(tmp_path / name)
    assert not (tmp_path / "canary").exists()


def test_an_honest_model_comes_back(model):
    tensors, found = load_model(model)
    rng = np.random.default_rng(0)
    assert np.array_equal(tensors["a.weight"], rng.random((4, 3)).astype(np.float32))
    assert np.array_equal(tensors["b"], np.arange(5))
    assert tensors["scalar"].shape == ()
    assert found["method"] == "edm"
    assert found["details"] == {"sigma": 0.5}
    assert read_card(model) == found


def mutated_models(model, first, count):
    """Damage weights or card at random places; return the errors that are not ours."""
    originals = {name: (model / name).read_bytes() for name in ("model.safetensors", "card.json")}
    foreign = []
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        name = ("model.safetensors", "card.json")[number % 2]
        content = bytearray(originals[name])
        for _ in range(rng.integers(1, 6)):
            content[int(rng.integers(0, len(content)))] = int(rng.integers(0, 256))
        (model / name).write_bytes(content)
        try:
            load_model(model)
        except ModelFileError:
            pass
        except Exception as error:
            foreign.append((number, repr(error)))
        (model / name).write_bytes(originals[name])
    return foreign


def test_400_mutated_models_raise_our_error_only(model):
    assert mutated_models(model, 0, 400) == []


@pytest.mark.nightly
def test_20000_mutated_models_raise_our_error_only(model):
    assert mutated_models(model, 1000, 20_000) == []

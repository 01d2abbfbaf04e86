import copy
import json

import numpy as np
import pytest

from napari_microgen.errors import InputNotFoundError, ModelFileError
from napari_microgen.regress.model_files import (
    ColumnRecord,
    FoldRecord,
    LinearRecord,
    SavedRegression,
    load_regression,
    save_regression,
)

LINEAR = LinearRecord(("D", "alpha"), 1.5, (2.0, -3.0))
SAVED = SavedRegression(
    target="sigma",
    target_unit="S/cm",
    columns=(
        ColumnRecord("D", "1", None, 0.4, 0.8),
        ColumnRecord("alpha", "1", "-ln(tau) / ln(D)", 0.02, 0.07),
    ),
    model=LINEAR,
    mean=(0.6, 0.05),
    scale=(0.1, 0.01),
    triangle=((4.0, 1.0), (0.0, 3.0)),
    rows=18,
    max_leverage=0.4,
    coverage=0.9,
    folds=(FoldRecord(LINEAR, (0.25,)), FoldRecord(LinearRecord(("D",), 1.0, (1.0,)), (-0.5, 1e-7))),
    scores={"loocv_rmse": 1.25},
)


def test_round_trip(tmp_path):
    save_regression(SAVED, tmp_path / "model.json")
    assert load_regression(tmp_path / "model.json") == SAVED


def spoil(content, path, value):
    content = copy.deepcopy(content)
    entry = content
    for key in path[:-1]:
        entry = entry[key]
    if value is KeyError:
        del entry[path[-1]]
    else:
        entry[path[-1]] = value
    return content


HOSTILE = [
    (("microgen_regression",), 2),
    (("microgen_regression",), KeyError),
    (("extra",), 1),
    (("target",), KeyError),
    (("target",), 5),
    (("target",), ""),
    (("target",), "x" * 1000),
    (("target_unit",), ["nm"]),
    (("columns",), {}),
    (("columns",), []),
    (("columns", 0), None),
    (("columns", 0, "name"), "other"),
    (("columns", 0, "low"), "0.4"),
    (("columns", 0, "low"), True),
    (("columns", 0, "low"), 10**400),
    (("columns", 0, "__class__"), "os.system"),
    (("columns", 1, "formula"), "__import__('os').system('true')"),
    (("columns", 1, "formula"), "tau.__class__()"),
    (("columns", 1, "formula"), "(" * 99),
    (("model", "features"), []),
    (("model", "features"), ["D", "D"]),
    (("model", "features"), "D"),
    (("model", "slopes"), [1.0]),
    (("model", "constant"), None),
    (("mean",), [0.6]),
    (("scale",), [0.1, 0.0]),
    (("scale",), [0.1, -1.0]),
    (("triangle",), [[1.0, 0.0]]),
    (("triangle", 1), [0.0, 0.0]),
    (("rows",), 0),
    (("rows",), 1.5),
    (("rows",), 10**30),
    (("coverage",), 1.0),
    (("max_leverage",), [1]),
    (("folds",), None),
    (("folds", 0), []),
    (("folds", 0, "residuals"), 1),
    (("folds", 1, "model", "features"), ["G"]),
    (("scores",), []),
    (("scores", "loocv_rmse"), "low"),
]


@pytest.mark.parametrize(
    ("path", "value"), HOSTILE, ids=[f"{'.'.join(map(str, p))}={str(v)[:20]}" for p, v in HOSTILE]
)
def test_damaged_and_hostile_models_are_refused(tmp_path, path, value):
    file = tmp_path / "model.json"
    save_regression(SAVED, file)
    file.write_text(json.dumps(spoil(json.loads(file.read_text()), path, value)))
    with pytest.raises(ModelFileError):
        load_regression(file)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"microgen_regression": 1}',
        b'{"microgen_regression": NaN}',
        b'{"a": ' * 5000,
        b"1" * 5000,
        b" " * 2_000_000,
    ],
)
def test_what_is_no_model_is_refused(tmp_path, content):
    file = tmp_path / "model.json"
    file.write_bytes(content)
    with pytest.raises(ModelFileError):
        load_regression(file)


def test_not_a_number_in_json_is_refused(tmp_path):
    file = tmp_path / "model.json"
    save_regression(SAVED, file)
    for word in ("NaN", "Infinity", "-Infinity"):
        file.write_text(file.read_text().replace("1.5", word, 1))
        with pytest.raises(ModelFileError):
            load_regression(file)
        save_regression(SAVED, file)


def test_no_file(tmp_path):
    with pytest.raises(InputNotFoundError):
        load_regression(tmp_path / "none.json")


def test_mutated_files_are_read_or_refused(tmp_path):
    file = tmp_path / "model.json"
    save_regression(SAVED, file)
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            content[place] = rng.integers(0, 256)
        file.write_bytes(
            bytes(content[: rng.integers(1, len(content) + 1)] if rng.random() < 0.3 else content)
        )
        try:
            load_regression(file)
        except ModelFileError:
            refused += 1
    assert refused > 100

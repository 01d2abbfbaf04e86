"""Choosing the best moment of a training, on snapshots whose worth is known."""

import inspect
import json
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from napari_microgen.cli import main
from napari_microgen.compare import choice, memorisation, snapshot_score
from napari_microgen.compare.choice import choose
from napari_microgen.compare.choice_data import Ground, Wanted
from napari_microgen.compare.descriptors import Descriptors
from napari_microgen.compare.halves import Side
from napari_microgen.compare.image_set import of_arrays
from napari_microgen.compare.snapshot_score import UNDEFINED, floor, gaps
from napari_microgen.errors import (
    CheckpointError,
    InputNotFoundError,
    ModelFileError,
    ParameterError,
    TableError,
)
from napari_microgen.generate.images import Made
from napari_microgen.generate.model import read_generator
from napari_microgen.io.writing import write
from napari_microgen.operations import run
from napari_microgen.progress import Progress, finish
from napari_microgen.volume import Volume

EDGE = 32
DENSITIES = (12, 24, 36)
"""Spots per 64 x 64 px; of the middle one there are no training images."""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def series(precipitates, tmp_path_factory):
    """Micrographs of spots of three densities, in two parts, and the training patches."""
    folder, random = tmp_path_factory.mktemp("spots"), np.random.default_rng(0)
    (folder / "images").mkdir()
    lines, training = ["file,density,split"], {}
    for density in DENSITIES:
        for part in ("train", "test"):
            if density == 24 and part == "train":
                continue
            for number, image in enumerate(precipitates(random, 4, density=density, edge=128, size=1.5)):
                name = f"{part}{density}_{number}.tif"
                write(Volume(image, "YX", voxel_size=(0.1, 0.1), unit="um"), folder / "images" / name)
                lines.append(f"{name},{density},{part}")
                if part == "train":
                    cut = image.reshape(4, EDGE, 4, EDGE).swapaxes(1, 2).reshape(-1, EDGE, EDGE)
                    training.setdefault(density, []).append(cut)
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder, {density: np.concatenate(parts) for density, parts in training.items()}


def trained(series, out, **options):
    arguments = {
        "images": series[0] / "images",
        "conditions": series[0] / "table.csv",
        "out": out,
        "where": ("split=train",),
        "columns": ("density",),
        "extra_images": "leave out",
        "profile": "tiny",
        "patch_size": EDGE,
        "batch_size": 2,
        "preview_seconds": 0.0,
        "threads": 1,
        "device": "cpu",
    }
    return finish(run("train edm", **(arguments | options)))


@pytest.fixture(scope="module")
def snapshots(series, tmp_path_factory):
    """Four snapshots of a training that has learned nothing."""
    out = tmp_path_factory.mktemp("models") / "model"
    trained(series, out, steps=8, snapshots=4)
    return out.with_name("model.snapshots")


@pytest.fixture
def stand_in(series, precipitates, copies, monkeypatch):
    """Let each snapshot make images of a known kind, by its step; counts how often each was asked."""
    asked = []

    def images_of(kind, density, random):
        if kind == "noise":
            return random.integers(0, 256, (EDGE, EDGE)).astype(np.uint8)
        if kind == "blank":
            return np.full((EDGE, EDGE), 40, np.uint8)
        if kind == "copies":
            return copies(random, series[1][density if density in series[1] else 12], 1)[0]
        shift = {"good": 1.0, "fair": 1.6}[kind]
        return precipitates(random, 1, density=shift * density, edge=EDGE, size=1.5)[0]

    def make(kinds):
        def made(model, rows, *, seed=0, **options):
            step = model.card["details"]["training"]["steps"]
            asked.append(step)
            random, images = np.random.default_rng((seed, step)), []
            for number, row in enumerate(rows):
                if number % 16 == 0:
                    yield Progress(number, len(rows), "generating")
                images.append(images_of(kinds[step], row["density"], random))
            return Made(np.stack(images), None)

        monkeypatch.setattr(snapshot_score, "make_images", made)
        return asked

    return make


@pytest.fixture
def asked_for(series, snapshots, tmp_path):
    return {
        "snapshots": snapshots,
        "images": series[0] / "images",
        "conditions": series[0] / "table.csv",
        "out": tmp_path / "best",
        "held_out": ("split=test",),
        "count": 12,
        "copies": 24,
    }


SEEN = {"where": ("density!=24",)}
KINDS = {5: "noise", 6: "good", 7: "copies", 8: "fair"}


def test_the_best_one_that_does_not_copy_is_chosen(stand_in, asked_for, snapshots):
    stand_in(KINDS)
    steps, shares = choose.steps(**(asked_for | {"count": 40, "copies": 80}), **SEEN), []
    while True:
        try:
            tick = next(steps)
        except StopIteration as end:
            found = end.value
            break
        shares.append(tick.step / tick.total)
    assert shares == sorted(shares), "ticks never go back"
    assert shares[-1] == 1
    assert found["step"] == 6
    assert found["vetoed"] == [7]
    noise, good, copied, fair = (row["error"] for row in found["snapshots"])
    assert good < fair < noise
    assert copied < fair, "by its descriptors alone the copying one would stand high"
    assert good < 2 * found["error_floor"] < fair
    auc = [row["copies"]["auc"] for row in found["snapshots"]]
    assert auc[2] > 0.75
    assert abs(auc[1] - 0.5) < 0.1
    assert all(abs(row["copies"]["floor"] - 0.5) < 0.15 for row in found["snapshots"])
    assert not found["judged"]["unseen"]
    assert found["judged"]["conditions"] == 2
    best = read_generator(asked_for["out"])
    assert best.card["details"]["training"]["steps"] == 6
    chosen = best.card["details"]["scores"]["choice"]
    assert (chosen["step"], chosen["limit"]) == (6, 0.55)
    assert [row["step"] for row in chosen["snapshots"]] == [5, 6, 7, 8]
    assert chosen["snapshots"][2]["vetoes"]
    weights = [f / "model.safetensors" for f in (asked_for["out"], snapshots / "step-00000006")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    kept = json.loads((asked_for["out"].with_name("best.choice") / "choice.json").read_text())
    assert kept["snapshots"] == found["snapshots"]


def test_conditions_that_were_not_in_the_training_are_judged_and_others_searched(stand_in, asked_for):
    stand_in({5: "fair", 6: "copies", 7: "good", 8: "blank"})
    found = choose(**asked_for)
    assert found["judged"] == {"unseen": True, "conditions": 1, "images": 64}
    assert found["step"] == 7
    assert 6 in found["vetoed"]
    assert all("auc" in row["copies"] for row in found["snapshots"])


def test_where_all_copy_none_is_written_and_the_table_is_kept(stand_in, asked_for):
    stand_in(dict.fromkeys(range(5, 9), "copies"))
    with pytest.raises(
        ModelFileError, match=r"All 4 snapshots hand out .*step 5: AUC .*Train for fewer steps"
    ):
        choose(**asked_for, **SEEN)
    assert not asked_for["out"].exists()
    kept = json.loads((asked_for["out"].with_name("best.choice") / "choice.json").read_text())
    assert kept["vetoed"] == [5, 6, 7, 8]


def test_an_interrupted_choice_goes_on_and_comes_out_the_same(stand_in, asked_for, tmp_path):
    asked = stand_in(KINDS)
    whole = choose(**(asked_for | {"out": tmp_path / "whole"}), **SEEN)
    asked.clear()
    steps = choose.steps(**asked_for, **SEEN)
    for tick in steps:
        if tick.message.startswith("step 7: generating"):
            break
    steps.close()
    assert asked == [5, 6, 7]
    assert not asked_for["out"].exists()
    damaged = asked_for["out"].with_name("best.choice") / "step-00000005.json"
    damaged.write_text(damaged.read_text()[:40])
    asked.clear()
    again = choose(**asked_for, **SEEN)
    assert asked == [5, 7, 8], "what was found is not looked for again, what is damaged is"
    assert again["snapshots"] == whole["snapshots"]
    cards = [(tmp_path / name / "card.json").read_bytes() for name in ("whole", "best")]
    assert cards[0] == cards[1]
    asked.clear()
    shutil.rmtree(asked_for["out"])
    choose(**(asked_for | {"limit": 1.0}), **SEEN)
    assert not asked, "the limit only judges what was found"
    shutil.rmtree(asked_for["out"])
    choose(**(asked_for | {"seed": 1}), **SEEN)
    assert asked == [5, 6, 7, 8], "other images have to be made"


def test_without_training_images_the_error_alone_decides_and_that_is_said(stand_in, asked_for, capsys):
    stand_in(KINDS)
    words = ["choose", str(asked_for["snapshots"]), "--images", str(asked_for["images"])]
    words += ["--conditions", str(asked_for["conditions"]), "--out", str(asked_for["out"]), "--count", "12"]
    assert main([*words, "--where", "density!=24,split=test"]) == 0
    said = capsys.readouterr().out
    assert "no snapshot was searched for copies: the images of the training are not known" in said
    assert "may come out best" in said
    rows = [line.split() for line in said.splitlines() if re.match(r" *[5-8] ", line)]
    assert [row[0] for row in rows] == ["5", "6", "7", "8"]
    assert all(row[2:4] == ["-", "-"] for row in rows)


def test_training_images_of_another_folder(stand_in, asked_for, series, tmp_path, capsys):
    stand_in(KINDS)
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        lines = ["file,density"]
        for file in sorted((series[0] / "images").glob(f"{part}*")):
            shutil.copy(file, tmp_path / part)
            lines.append(f"{file.name},{file.name.removeprefix(part).split('_')[0]}")
        (tmp_path / f"{part}.csv").write_text("\n".join(lines))
    words = ["choose", str(asked_for["snapshots"]), "--images", str(tmp_path / "test")]
    words += ["--conditions", str(tmp_path / "test.csv"), "--training", str(tmp_path / "train")]
    words += ["--training-conditions", str(tmp_path / "train.csv"), "--out", str(tmp_path / "best")]
    assert main([*words, "--count", "12", "--copies", "24", "--where", "density!=24", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["step"], found["vetoed"]) == (6, [7])


def test_a_trained_snapshot_wins_over_an_untrained_one(series, asked_for, tmp_path):
    trained(series, tmp_path / "model", steps=2, snapshots=1, batch_size=8)
    trained(series, tmp_path / "model", steps=120, snapshots=1, batch_size=8, resume=True)
    found = choose(
        **(asked_for | {"snapshots": tmp_path / "model.snapshots", "count": 12, "copies": 24}),
        limit=1.0,
        evaluations=6,
        threads=1,
        device="cpu",
    )
    assert [row["step"] for row in found["snapshots"]] == [2, 120]
    assert found["step"] == 120
    early, late = (row["error"] for row in found["snapshots"])
    assert late < 0.7 * early


def distances(random, edge):
    """Distances to the borders between cells around random points, in pixels."""
    points = random.random((edge * edge // 80, 2)) * edge
    places = np.stack(np.mgrid[:edge, :edge], -1).reshape(-1, 2)
    near = cKDTree(points).query(places, 2)[0]
    return ((near[:, 1] - near[:, 0]) / 2).reshape(edge, edge).astype(np.float32)


def test_grains_are_measured_as_grains(asked_for, tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    lines = ["file,radius,split"]
    for number in range(4):
        part = "train" if number % 2 else "test"
        write(Volume(distances(random, 96), "YX"), tmp_path / "images" / f"{number}.tif")
        lines.append(f"{number}.tif,{4 + number // 2},{part}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    trained((tmp_path, None), tmp_path / "model", columns=("radius",), steps=2, snapshots=2, patch_size=48)

    def made(model, rows, **options):
        yield Progress(0, 1)
        drawn = np.random.default_rng(model.card["details"]["training"]["steps"])
        if model.card["details"]["training"]["steps"] == 1:
            return Made(np.stack([distances(drawn, 24).repeat(2, 0).repeat(2, 1) for _ in rows]), None)
        return Made(np.stack([distances(drawn, 48) for _ in rows]), None)

    monkeypatch.setattr(snapshot_score, "make_images", made)
    given = {"snapshots": tmp_path / "model.snapshots", "images": tmp_path / "images"}
    given |= {"conditions": tmp_path / "table.csv", "out": tmp_path / "best", "grains": True}
    found = choose(**(asked_for | given | {"copies": 8}))
    assert {"grain_radius", "grain_slope"} <= found["snapshots"][0]["descriptors"].keys()
    assert found["step"] == 2


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"snapshots": "nothing"}, InputNotFoundError, "nothing is no folder; give the folder OUT.snapshots"),
        ({"snapshots": "."}, InputNotFoundError, "holds no snapshots; give the folder OUT.snapshots"),
        ({"held_out": ("split=train,test",)}, TableError, "split"),
        ({"held_out": ("density=1:99",)}, TableError, "holds for all"),
        ({"training": "images"}, ParameterError, "no --held-out beside it"),
        ({"count": 1}, ParameterError, "count is 1"),
        ({"copies": 3}, ParameterError, "copies 3"),
        ({"limit": 0.2}, ParameterError, "limit 0.2"),
        ({"threshold": 2.0}, ParameterError, "threshold is 2"),
        ({"conditions": "table"}, InputNotFoundError, "table"),
    ],
)
def test_what_makes_no_sense_is_named(change, error, words, asked_for, tmp_path):
    change = {k: tmp_path / v if isinstance(v, str) else v for k, v in change.items()}
    with pytest.raises(error, match=words):
        choose(**(asked_for | change))
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_the_model_instead_of_its_snapshots_is_understood(asked_for, snapshots):
    folder = snapshots.with_name("model")
    with pytest.raises(InputNotFoundError, match=r"Did you mean .*model\.snapshots"):
        choose(**(asked_for | {"snapshots": folder}))


def test_an_existing_model_is_never_replaced(asked_for, snapshots):
    with pytest.raises(CheckpointError, match="already exists"):
        choose(**(asked_for | {"out": snapshots.with_name("model")}))


def test_snapshots_of_two_trainings_are_refused(asked_for, snapshots, tmp_path):
    mixed = tmp_path / "mixed"
    shutil.copytree(snapshots, mixed)
    card = mixed / "step-00000007" / "card.json"
    content = json.loads(card.read_text())
    content["details"]["training"]["seed"] = 5
    card.write_text(json.dumps(content))
    with pytest.raises(ModelFileError, match="different trainings"):
        choose(**(asked_for | {"snapshots": mixed}))


def test_a_damaged_snapshot_is_named(asked_for, snapshots, tmp_path):
    cut = tmp_path / "cut"
    shutil.copytree(snapshots, cut)
    weights = cut / "step-00000005" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelFileError, match="step-00000005"):
        choose(**(asked_for | {"snapshots": cut}))
    assert not asked_for["out"].exists()


def ground(values, micrograph, condition, count=50):
    """Return a ground of descriptors alone."""
    rest = [np.zeros((len(values), 1))] * 7
    described = Descriptors(
        values, *rest, distance=np.zeros(1), unit="px", pixel=1.0, names=tuple("abc"[: values.shape[1]])
    )
    images = of_arrays("real", np.zeros((len(values), 16, 16), np.uint8))
    codes = np.unique(condition)
    kept = dict.fromkeys(Ground.__dataclass_fields__)
    kept |= {
        "wanted": SimpleNamespace(count=count, seed=0),
        "real": Side(images, described, condition, micrograph),
        "deviation": values.std(axis=0),
        "judged": codes,
        "names": tuple(map(str, codes)),
    }
    return Ground(**kept)


def test_the_floor_is_the_error_of_as_many_real_images():
    random = np.random.default_rng(0)
    condition = np.repeat(np.arange(4), 60)
    micrograph = np.repeat(np.arange(24), 10)
    errors, floors = [], []

    def drawn(images, groups):
        own = random.standard_normal((groups.max() + 1, 3))[groups] * 0.5
        return own + random.standard_normal((images, 3))

    for _ in range(60):
        values = drawn(240, micrograph) + condition[:, None]
        found = ground(values, micrograph, condition)
        truth = np.arange(4)[:, None] + np.zeros((4, 3))
        fresh = truth + random.standard_normal((4, 3)) * np.sqrt(1.25 / 50)  # 50 micrographs, one image each
        errors.append(np.sqrt(np.mean(gaps(found, fresh) ** 2)))
        floors.append(floor(found))
    assert np.mean(floors) == pytest.approx(np.mean(errors), rel=0.1)


def test_one_micrograph_of_each_condition_has_no_floor():
    condition = np.repeat([0, 1], 20)
    assert floor(ground(np.random.default_rng(0).standard_normal((40, 2)), condition, condition)) is None


def test_what_no_image_has_counts_as_far_off_and_what_real_ones_lack_does_not():
    values = np.random.default_rng(0).standard_normal((40, 2))
    condition = np.repeat([0, 1], 20)
    values[condition == 1, 1] = np.nan
    found = ground(values, np.arange(40), condition)
    found = Ground(**(vars(found) | {"deviation": np.nanstd(values, axis=0)}))
    means = np.array([[values[:20, 0].mean(), np.nan], [values[20:, 0].mean(), 7.0]])
    off = gaps(found, means)
    np.testing.assert_allclose(off[:, 0], 0, atol=1e-12)
    assert off[0, 1] == UNDEFINED
    assert np.isnan(off[1, 1])


def test_choices_are_recorded_as_plain_values():
    said = choice.plain_choices(Wanted(images="a", conditions="b"))
    assert json.loads(json.dumps(said))["copies"] == 300


def test_the_limit_of_copies_is_that_of_comparisons():
    """Written out, since forms read it without loading the networks."""
    assert inspect.signature(choose).parameters["limit"].default == memorisation.LIMIT

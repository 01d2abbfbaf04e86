"""Each target is judged by the number it names, and says why where it cannot be."""

import json
from types import SimpleNamespace

import pytest

from napari_microgen.compare.frame import Metric
from napari_microgen.compare.published import FURTHER, PUBLISHED, THEIR_R2
from napari_microgen.compare.targets import judged, read_further
from napari_microgen.errors import FileFormatError


def metrics_of(**numbers):
    """Value and floor by name; ``__`` stands for a point, and what follows ``in_`` for the group."""
    found = {}
    for key, (value, floor) in numbers.items():
        name, _, group = key.replace("__", ".").partition(".in_")
        name += f"[{group.replace('_', ' ')}]" if group else ""
        found[name] = Metric(name, value, None, None, floor, floor)
    return found


def row(support="seen", numbers=None, floor=None, **descriptors):
    entries = {name: {"real": real, "synthetic": other} for name, (real, other) in descriptors.items()}
    return {
        "support": support,
        "numbers": numbers or {},
        "numbers_floor": floor or {},
        "descriptors": entries,
    }


def table(metrics=None, rows=(), memory="no training images", further=None):
    return {t["what"].split(",")[0]: t for t in judged(metrics or {}, list(rows), memory, further)}


@pytest.mark.parametrize(("auc", "result"), [(0.5, "pass"), (0.6, "miss"), (None, "undefined")])
def test_targets_say_pass_miss_or_undefined(auc, result):
    memory = "no training images" if auc is None else SimpleNamespace(auc=auc, floor_auc=0.5)
    found = table(memory=memory)["memorisation AUC"]
    assert found["result"] == result
    assert found["why"] == ("no training images" if auc is None else "")


def test_every_target_has_a_line_and_none_passes_on_nothing():
    lines = judged({}, [], "untested")
    assert len(lines) == len(PUBLISHED)
    assert {line["result"] for line in lines} == {"undefined"}
    assert all(line["why"] for line in lines)


def test_the_worst_series_counts_and_real_images_that_miss_are_told():
    found = table(
        metrics_of(relative_density__r2__in_worst=(0.97, 0.96), shape_index__r2__in_worst=(0.98, 0.99))
    )
    density, shape = found["R2 of relative density"], found["R2 of shape index"]
    assert (density["result"], density["real_reaches_it"]) == ("miss", False)
    assert (shape["result"], shape["real_reaches_it"]) == ("pass", True)


def test_the_worst_condition_counts():
    rows = [
        row(numbers={"persistence_image.auc": v}, floor={"persistence_image.auc": 0.5}) for v in (0.5, 0.7)
    ]
    found = table(rows=rows)["classifier AUC on persistence images"]
    assert (found["value"], found["ceiling"], found["result"]) == (0.7, 0.5, "miss")


def test_held_out_and_seen_series_have_targets_of_their_own():
    metrics = metrics_of(three_descriptors__r2__in_worst=(0.93, 0.98))
    for support, all_seen, held_out in (
        ("seen", "miss", "undefined"),
        ("interpolated", "undefined", "pass"),
        ("gap", "undefined", "pass"),
        ("extrapolated", "undefined", "undefined"),
    ):
        found = table(metrics, [row(), row(support)])
        assert found["R2 of density"]["result"] == all_seen, support
        assert found["the same with a condition inside held out"]["result"] == held_out, support


def test_feret_targets_keep_seen_and_held_out_conditions_apart():
    names = {"mape": (2.5, 1.0), "bias": (-0.5, 0.1), "r2": (0.93, 0.99)}
    metrics = metrics_of(**{f"feret_diameter__{k}__in_seen": v for k, v in names.items()})
    found = table(metrics | metrics_of(feret_diameter__mape__in_inside=(7.0, 1.0)))
    seen, bias = found["mean Feret diameter in seen conditions"], found["the same"]
    inside = found["mean Feret diameter in held-out conditions inside the hull of the training"]
    assert (seen["value"], seen["result"]) == (2.5, "pass")
    assert (inside["value"], inside["ceiling"], inside["result"]) == (7.0, 1.0, "miss")
    lines = [t for t in judged(metrics, [], "") if t["what"].startswith("the same, ")]
    assert [(t["value"], t["result"]) for t in lines] == [(0.5, "pass"), (0.93, "pass")]
    assert bias["result"] == "pass"


def test_grains_are_judged_by_their_worst_condition():
    rows = [
        row(grain_slope=(2.0, 2.02), largest_grain=(2.0, 1.92), grain_neighbours=(6.0, 6.02)),
        row(grain_slope=(3.0, 2.85), largest_grain=(2.0, 2.0), grain_neighbours=(6.01, 5.9)),
    ]
    found = table(metrics_of(grain_slope__worst__in_seen=(5.0, 1.0)), rows)
    slope = found["slope of grain radius over neighbours"]
    assert (slope["value"], slope["ceiling"], slope["result"]) == (pytest.approx(5.0), 1.0, "miss")
    assert found["largest grain over the mean"]["result"] == "pass"
    neighbours = found["mean number of neighbours of a grain less 6"]
    assert (neighbours["value"], neighbours["result"]) == (pytest.approx(0.1), "miss")
    assert (
        table(rows=[row()])["largest grain over the mean"]["why"] == "the images were not compared as grains"
    )


def test_numbers_measured_elsewhere_are_judged_too(tmp_path):
    path = tmp_path / "further.json"
    path.write_text(json.dumps({"evaluations": {"value": 0.8, "how": "64 images, same noise"}}))
    found = table(further=read_further(path))
    line = found["ten evaluations per image against the 79 of the reference"]
    assert (line["value"], line["result"], line["why"]) == (0.8, "pass", "64 images, same noise")
    classes = found["structure classes told of generated images less those of real ones"]
    assert classes["result"] == "undefined"
    assert "a classifier of structures" in classes["why"]


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        '{"unheard": {"value": 1, "how": "x"}}',
        '{"evaluations": 1}',
        '{"evaluations": {"value": 1}}',
        '{"evaluations": {"value": "1", "how": "x"}}',
        '{"evaluations": {"value": NaN, "how": "x"}}',
    ],
)
def test_a_broken_file_of_further_numbers_is_refused(tmp_path, text):
    path = tmp_path / "further.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="evaluations"):
        read_further(path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_further(tmp_path / "nothing.json")


def test_the_printed_means_of_table_3_fit_their_parts():
    """The mean that the paper prints follows from the three numbers, where none is misprinted."""
    whole = [line for line in THEIR_R2 if None not in line]
    assert len(whole) == 4
    for _, _, *parts, mean in whole:
        assert sum(parts) / 3 == pytest.approx(mean, abs=0.0067)
    assert set(FURTHER) == {"evaluations", "class_points", "coverage_of_intervals", "reconstruction"}

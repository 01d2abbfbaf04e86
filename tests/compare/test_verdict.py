"""What the first lines say."""

from types import SimpleNamespace

import pytest

from napari_microgen.compare.descriptors import NAMES
from napari_microgen.compare.frame import Metric
from napari_microgen.compare.memorisation import Memorisation
from napari_microgen.compare.mode_collapse import CollapseAlarm
from napari_microgen.compare.targets import PUBLISHED, judged
from napari_microgen.compare.verdict import HEADS, verdict

CALM = CollapseAlarm(False, 1.0, 1.0, (0.5, 0.5))


def metric(name, value, floor, **more):
    return Metric(name, value, value - 0.1, value + 0.1, floor, floor, **more)


def numbers(distance=0.2, auc=0.5, floor=0.2, **more):
    found = {}
    for name in NAMES:
        found[f"{name}.wasserstein"] = metric(f"{name}.wasserstein", distance, floor, **more)
        found[f"{name}.mean"] = metric(f"{name}.mean", distance, floor)
    for name in ("descriptors.auc", "persistence_image.auc"):
        found[name] = metric(name, auc, 0.5)
    return found


def memory(*, flagged):
    return Memorisation(0.9 if flagged else 0.5, (0.4, 0.6), 0.5, 0.0, 30 * flagged, 50, 0.5, flagged, ())


def judge(found, p=1.0, memory_found=None, collapse=CALM, supports=None):
    everything = dict.fromkeys(NAMES, p)
    return verdict(found, everything, memory_found or memory(flagged=False), collapse, supports or {})


def test_equal_sets_may_be_trusted():
    found = judge(numbers())
    assert found.trust == "yes"
    assert found.trusted == NAMES
    assert found.lines[0] == HEADS["yes"]


def test_without_a_search_for_copies_trust_is_partial():
    found = judge(numbers(), memory_found="no training images")
    assert found.trust == "partly"
    assert found.lines[0].endswith("was not tested.")
    assert found.not_trusted == ()


def test_different_sets_may_not():
    found = judge(numbers(distance=2.0, auc=0.99), p=0.01)
    assert found.trust == "no"
    assert found.not_trusted == NAMES
    assert any("do not use it for" in line for line in found.lines)


def test_some_descriptors_may_be_trusted():
    mixed = numbers() | {"shape_index.wasserstein": metric("shape_index.wasserstein", 2.0, 0.2)}
    found = verdict(mixed, dict.fromkeys(NAMES, 1.0) | {"shape_index": 0.01}, memory(flagged=False), CALM, {})
    assert found.trust == "partly"
    assert found.not_trusted == ("shape_index",)


def test_a_difference_of_means_alone_counts():
    shifted = numbers() | {"shape_index.mean": metric("shape_index.mean", 1.0, 0.2)}
    assert "shape_index" in judge(shifted, p=0.01).not_trusted


def test_a_significant_but_tiny_difference_does_not_count():
    assert judge(numbers(distance=0.25), p=0.001).not_trusted == ()


def test_copies_and_collapse_forbid_trust():
    copied = judge(numbers(), memory_found=memory(flagged=True))
    assert copied.trust == "no"
    assert any("MEMORISES" in line for line in copied.lines)
    collapsed = judge(numbers(), collapse=CollapseAlarm(True, 0.1, 0.1, (0.5, 0.5)))
    assert collapsed.trust == "no"
    assert any("MODE COLLAPSE" in line for line in collapsed.lines)


def test_without_a_floor_nothing_is_decided():
    found = judge(
        {name: Metric(name, 0.2, 0.1, 0.3, None, None) for name in numbers()},
        memory_found="no training images",
    )
    assert found.trust == "undecided"
    assert found.undecided == NAMES
    assert "Memorisation was not tested: no training images." in found.lines


def test_wide_intervals_are_no_agreement():
    wide = {name: Metric(name, 0.4, 0.0, 2.0, 0.2, 0.5) for name in numbers()}
    assert judge(wide).trusted == ()


def test_losses_are_named_once():
    losing = numbers(loses_to=("nearest_condition_copy",), baselines={"nearest_condition_copy": 0.1})
    lines = judge(
        losing, supports={"extrapolated": {"conditions": 2, "loses_to": ["linear_interpolation"]}}
    ).lines
    loses = next(line for line in lines if line.startswith("It LOSES to copying"))
    assert loses.count("shape index") == 1
    assert any(line.startswith("In extrapolated conditions (2)") for line in lines)


def test_baselines_that_are_not_there_are_said_to_be_missing():
    assert any("no baseline" in line for line in judge(numbers()).lines)


@pytest.mark.parametrize(("auc", "result"), [(0.5, "pass"), (0.6, "miss"), (None, "undefined")])
def test_targets_say_pass_miss_or_undefined(auc, result):
    found = "no training images" if auc is None else SimpleNamespace(auc=auc, floor_auc=0.5)
    rows = [{"numbers": {"persistence_image.auc": v}} for v in (0.52, 0.7)]
    metrics = {
        "relative_density.r2": metric("relative_density.r2", 0.99, 1.0),
        "coverage": metric("coverage", 0.88, 0.96),
    }
    table = judged(metrics, rows, found)
    assert len(table) == len(PUBLISHED)
    by_name = {t["what"]: t for t in table}
    assert by_name["memorisation AUC"]["result"] == result
    assert by_name["R2 of relative density"]["result"] == "pass"
    assert by_name["R2 of shape index"]["result"] == "undefined"
    assert by_name["coverage over real against real"]["result"] == "pass"
    worst = by_name["classifier AUC on persistence images, worst condition"]
    assert (worst["value"], worst["result"]) == (0.7, "miss")


def test_feret_targets_keep_seen_and_held_out_conditions_apart():
    def row(support, real, synthetic):
        entry = {"real": real, "synthetic": synthetic}
        return {"numbers": {}, "support": support, "descriptors": {"feret_diameter": entry}}

    rows = [row("seen", 10.0, 10.3), row("seen", 10.0, 9.8), row("extrapolated", 10.0, 20.0)]
    rows += [row("interpolated", 8.0, 7.6), row("interpolated", 8.0, None)]
    table = {t["what"].split(",")[0]: t for t in judged({}, rows, "untested")}
    seen, bias = table["mean Feret diameter in seen conditions"], table["the same"]
    between = table["mean Feret diameter in held-out conditions between the seen ones"]
    assert (seen["value"], seen["result"]) == (pytest.approx(2.5), "pass")
    assert (bias["value"], bias["result"]) == (pytest.approx(0.5), "pass")
    assert (between["value"], between["result"]) == (pytest.approx(5.0), "pass")
    assert {t["result"] for t in judged({}, [row("unknown", 10.0, 10.0)], "untested")} == {"undefined"}

"""What the first lines say."""

from napari_microgen.compare.descriptors import NAMES
from napari_microgen.compare.frame import Metric
from napari_microgen.compare.memorisation import Memorisation
from napari_microgen.compare.mode_collapse import CollapseAlarm
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

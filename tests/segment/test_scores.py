import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_microgen.errors import LabelTypeError, LabelValueError, ParameterError, ShapeMismatchError
from napari_microgen.segment.scores import score
from napari_microgen.volume import Volume


def labels(values, **changes):
    array = np.asarray(values)
    return Volume(array, "ZYX" if array.ndim == 3 else "YX", kind="labels", **changes)


MAPS = arrays(np.uint8, (2, 4, 5), elements=st.integers(0, 2))


@given(MAPS, MAPS)
def test_scores_follow_their_definitions(predicted, true):
    result = score(labels(predicted), labels(true), compare="classes")
    assert result["accuracy"] == pytest.approx((predicted == true).mean())
    assert set(result["classes"]) == {str(v) for v in np.unique([predicted, true])}
    for value, entry in result["classes"].items():
        p, t = predicted == int(value), true == int(value)
        both, either = (p & t).sum(), (p | t).sum()
        assert entry["jaccard"] == pytest.approx(both / either)
        for key, whole in (("precision", p.sum()), ("recall", t.sum())):
            if whole:
                assert entry[key] == pytest.approx(both / whole)
            else:
                assert entry[key] is None
                assert "does not occur" in entry["reason"]


@given(MAPS)
def test_a_map_agrees_with_itself(values):
    result = score(labels(values), labels(values))
    assert result["accuracy"] == 1
    assert all(entry["jaccard"] == 1 for entry in result["classes"].values())


@given(MAPS, MAPS, st.permutations([0, 1, 2]))
def test_numbering_does_not_matter(predicted, true, order):
    table = np.array(order, np.uint8)
    plain = score(labels(predicted), labels(true), compare="classes")
    renamed = score(labels(table[predicted]), labels(table[true]), compare="classes")
    assert renamed["accuracy"] == plain["accuracy"]
    for value, entry in plain["classes"].items():
        assert renamed["classes"][str(order[int(value)])]["jaccard"] == entry["jaccard"]


@given(MAPS, MAPS)
def test_swapping_prediction_and_truth_swaps_precision_and_recall(predicted, true):
    one = score(labels(predicted), labels(true), compare="classes")
    two = score(labels(true), labels(predicted), compare="classes")
    for value, entry in one["classes"].items():
        other = two["classes"][value]
        assert (entry["jaccard"], entry["precision"]) == (other["jaccard"], other["recall"])


def test_voxels_are_pooled_not_averaged_over_planes():
    true = np.zeros((2, 2, 2), np.uint8)
    true[0] = 1
    predicted = true.copy()
    predicted[0, 0, 0] = 0
    result = score(labels(predicted), labels(true))
    assert result["classes"]["1"]["jaccard"] == 3 / 4
    assert result["classes"]["0"]["jaccard"] == 4 / 5
    assert result["confusion"] == {"0": {"0": 4, "1": 0}, "1": {"0": 1, "1": 3}}


def test_ignored_voxels_are_left_out_and_counted():
    true = np.array([[0, 1, 255, 255]], np.uint8)
    result = score(labels([[0, 1, 1, 0]]), labels(true), ignore=255)
    assert result["accuracy"] == 1
    assert result["voxels"] == 2
    assert any("2 voxels" in note for note in result["notes"])


def test_everything_ignored_is_refused():
    nothing = labels(np.zeros((2, 2), np.uint8))
    with pytest.raises(LabelValueError, match="No voxel is left"):
        score(nothing, nothing, ignore=0)


def test_voxels_at_the_boundary_are_left_out_of_the_second_accuracy():
    true = np.zeros((10, 10), np.uint8)
    true[:, 5:] = 1
    predicted = np.zeros((10, 10), np.uint8)
    predicted[:, 4:] = 1  # wrong by one column along the boundary
    result = score(labels(predicted), labels(true))
    assert result["accuracy"] == 0.9
    assert result["accuracy_off_boundary"] == 1
    assert score(labels(predicted), labels(true), boundary=0)["accuracy_off_boundary"] is None
    assert score(labels(predicted), labels(true), boundary=40)["accuracy_off_boundary"] is None


@pytest.mark.parametrize("shape", [(2, 4, 6), (3, 4, 5), (2, 5, 5)])
def test_other_shapes_are_refused_with_both(shape):
    with pytest.raises(ShapeMismatchError, match=r"mine has shape \(2, 4, 5\) and theirs has \("):
        score(
            labels(np.zeros((2, 4, 5), np.uint8), name="mine"),
            labels(np.zeros(shape, np.uint8), name="theirs"),
        )


def test_other_scales_are_refused_and_units_are_converted():
    map_ = np.zeros((2, 4, 5), np.uint8)
    ours = labels(map_, voxel_size=(25.0, 18.6, 18.6), unit="nm")
    same = labels(map_, voxel_size=(0.025, 0.0186, 0.0186), unit="um")
    assert score(ours, same)["accuracy"] == 1
    near = labels(map_, voxel_size=(25.0 * (1 + 5e-7), 18.6, 18.6), unit="nm")
    assert score(ours, near)["accuracy"] == 1
    for edges in ((25.0 * (1 + 2e-6), 18.6, 18.6), (25.0, 18.6, 20.0)):
        with pytest.raises(ShapeMismatchError, match="voxels of"):
            score(ours, labels(map_, voxel_size=edges, unit="nm"))


def test_an_unknown_scale_is_said():
    map_ = np.zeros((2, 4, 5), np.uint8)
    known = labels(map_, voxel_size=(25.0, 18.6, 18.6), unit="nm")
    assert any("unknown" in note for note in score(known, labels(map_))["notes"])


ANNOTATION = np.array([[1, 1, 2, 3, 1, 2]], np.uint8)
PHASES = np.array([[1, 1, 0, 0, 1, 1]], np.uint8)


def test_a_phase_map_is_not_silently_compared_with_an_annotation():
    for one, two in ((PHASES, ANNOTATION), (ANNOTATION, PHASES)):
        with pytest.raises(LabelValueError, match="--compare phases"):
            score(labels(one), labels(two))


def test_phases_bring_annotations_and_masks_to_pore_and_solid():
    result = score(labels(PHASES), labels(ANNOTATION), compare="phases")
    assert result["accuracy"] == 5 / 6
    assert set(result["classes"]) == {"0", "1"}
    painted = np.array([[1, 0, 2, 0, 1, 0]], np.uint8)
    assert score(labels(PHASES), labels(painted), compare="phases")["voxels"] == 3
    mask = (PHASES * 255).astype(np.uint8)
    with pytest.raises(LabelValueError, match="--compare phases"):
        score(labels(PHASES), labels(mask))
    assert score(labels(PHASES), labels(mask), compare="phases")["accuracy"] == 1
    assert score(labels(PHASES), labels(mask), compare="classes")["accuracy"] == 1 / 3


def test_annotations_are_compared_by_class():
    other = ANNOTATION.copy()
    other[0, 3] = 2
    assert score(labels(other), labels(ANNOTATION))["accuracy"] == 5 / 6


def test_a_rare_class_that_was_missed_is_no_reason_to_refuse():
    result = score(labels([[0, 1, 1, 0]]), labels([[0, 1, 2, 0]]))
    assert result["classes"]["2"] == {
        "jaccard": 0.0,
        "precision": None,
        "recall": 0.0,
        "true_voxels": 1,
        "predicted_voxels": 0,
        "reason": "class 2 does not occur in the prediction",
    }


def test_values_that_are_no_phases_are_refused_as_phases():
    with pytest.raises(LabelValueError, match="neither a phase map"):
        score(labels([[5, 6, 7]]), labels([[0, 1, 1]]), compare="phases")


def test_grey_images_and_object_numbers_are_refused():
    with pytest.raises(LabelTypeError, match="grey image"):
        score(labels(np.arange(100).reshape(10, 10)), labels(np.zeros((10, 10), int)))
    with pytest.raises(LabelTypeError, match="whole-number"):
        score(labels(np.full((2, 2), 0.5)), labels(np.zeros((2, 2), int)))


def test_boundary_must_make_sense():
    with pytest.raises(ParameterError, match="boundary"):
        score(labels([[0]]), labels([[0]]), boundary=-1)


def test_result_is_plain_json():
    result = score(labels(ANNOTATION), labels(ANNOTATION))
    assert json.loads(json.dumps(result, allow_nan=False)) == result

"""Compare a segmentation with the truth: accuracy, Jaccard index, precision and recall."""

from typing import Any, Literal

import numpy as np

from ..errors import LabelTypeError, LabelValueError, ParameterError, ShapeMismatchError
from ..progress import Progress, Steps, stepwise
from ..units import convert_length
from ..volume import Volume, require_labels

MOST_CLASSES = 64


@stepwise
def score(
    prediction: Volume,
    truth: Volume,
    *,
    compare: Literal["auto", "classes", "phases"] = "auto",
    ignore: int | None = None,
    boundary: int = 1,
) -> Steps[dict[str, Any]]:
    """Compare a segmentation with the truth, voxel by voxel.

    All voxels are pooled; nothing is averaged over slices.

    Parameters
    ----------
    prediction : Volume
        Labels to judge.
    truth : Volume
        Labels that are right, of the same shape and voxel size.
    compare : {"auto", "classes", "phases"}
        ``classes`` compares the label values as they are. ``phases`` first brings both to
        0 pore and 1 solid: annotations (1 solid, 2 pore, 3 shine-through; 0 is left out)
        and masks such as 0 and 255. ``auto`` compares classes, and refuses where the two
        plainly do not mean the same by their values.
    ignore : int, optional
        Value of the truth that marks voxels to leave out, such as 255.
    boundary : int
        Voxels within this many px of a true boundary (in their plane) are left out of
        ``accuracy_off_boundary``. Hand-drawn edges are rarely better than 1 px.

    Returns
    -------
    dict
        ``accuracy``; ``classes``: by value, ``jaccard`` TP/(TP+FP+FN), ``precision``
        TP/(TP+FP), ``recall`` TP/(TP+FN), the voxel counts, and a ``reason`` where one is
        undefined (None); ``mean_jaccard`` over the classes that have one;
        ``accuracy_off_boundary``; ``confusion``: by true value, then by predicted value;
        ``voxels`` scored; ``notes``.

    Raises
    ------
    ShapeMismatchError
        If shape or voxel size differ.
    LabelTypeError, LabelValueError
        If values are not whole numbers, too many, or do not fit each other.
    """
    prediction, truth = require_labels(prediction, "scoring"), require_labels(truth, "scoring")
    _require_same_grid(prediction, truth)
    if not 0 <= boundary <= 50:
        raise ParameterError(f"boundary is {boundary} px; it must lie between 0 and 50.")
    planes = truth.n_planes
    found: tuple[set[int], set[int]] = (set(), set())
    for index in range(planes):
        for values, volume in zip(found, (prediction, truth), strict=True):
            values.update(_values(volume.plane(index), volume.name))
        yield Progress(index, 2 * planes, "looking at the labels")
    if ignore is not None:
        found[1].discard(ignore)
    maps = _meanings(found[0], found[1], compare)
    classes = sorted({v for m in maps for v in m.values() if v is not None})
    everywhere = np.zeros((len(classes) + 1,) * 2, np.int64)
    inside = np.zeros_like(everywhere)
    for index in range(planes):
        predicted = _indices(prediction.plane(index), maps[0], classes)
        true = _indices(truth.plane(index), maps[1], classes)
        everywhere += _pairs(true, predicted, len(classes))
        if boundary:
            inner = ~_near_boundary(true, boundary)
            inside += _pairs(true[inner], predicted[inner], len(classes))
        yield Progress(planes + index, 2 * planes, "comparing")
    if not everywhere[:-1, :-1].any():
        raise LabelValueError("No voxel is left to score: everything is unlabelled or ignored.")
    result = _scores(everywhere[:-1, :-1], classes)
    counted = inside[:-1, :-1]
    result["accuracy_off_boundary"] = (
        float(np.trace(counted) / counted.sum()) if boundary and counted.sum() else None
    )
    result["boundary"] = boundary
    result["notes"] = _notes(prediction, truth, everywhere, compare, found)
    return result


def _require_same_grid(prediction: Volume, truth: Volume) -> None:
    names = (prediction.name or "the prediction", truth.name or "the truth")
    if prediction.shape != truth.shape:
        raise ShapeMismatchError(
            f"{names[0]} has shape {prediction.shape} and {names[1]} has {truth.shape}; they must hold "
            f"the same planes, rows and columns. Nothing is resampled: crop both alike."
        )
    if prediction.voxel_size is None or truth.voxel_size is None:
        return
    for a, b in zip(prediction.voxel_size, truth.voxel_size, strict=True):
        if a is None or b is None:
            continue
        b = convert_length(b, truth.unit or "nm", prediction.unit or "nm")
        if abs(a - b) > 1e-6 * max(a, b):
            raise ShapeMismatchError(
                f"{names[0]} has voxels of {prediction.voxel_size} {prediction.unit} and {names[1]} of "
                f"{truth.voxel_size} {truth.unit}, at shape {truth.shape}; give both the same voxel size."
            )


def _values(plane: np.ndarray, name: str) -> list[int]:
    values = np.unique(plane)
    if values.size > MOST_CLASSES:
        raise LabelTypeError(
            f"{name or 'One input'} holds more than {MOST_CLASSES} label values, so it is a grey image or "
            f"numbered objects; score compares classes. Segment it first."
        )
    return [int(value) for value in values]


Meaning = dict[int, int | None]


def _meanings(predicted: set[int], true: set[int], compare: str) -> tuple[Meaning, Meaning]:
    """Return what each value of prediction and truth counts as; None leaves the voxel out."""
    if compare == "phases":
        return _as_phases(predicted, "prediction"), _as_phases(true, "truth")
    if compare == "auto" and _foreign(predicted, true):
        raise LabelValueError(
            f"The prediction holds the values {sorted(predicted)} and the truth {sorted(true)}: they do not "
            f"mean the same. Give --compare phases to count annotations (1 solid, 2 pore, 3 shine-through) "
            f"and masks such as 0/255 as pore and solid, or --compare classes to take the values as they are."
        )
    return {v: v for v in predicted}, {v: v for v in true}


def _foreign(a: set[int], b: set[int]) -> bool:
    """Tell whether one is a phase map and the other an annotation, or a mask with another value for solid."""
    for phases, other in ((a, b), (b, a)):
        if phases <= {0, 1} and 0 in phases and other & {2, 3} and other <= {1, 2, 3}:
            return True
        if phases == {0, 1} and len(other) == 2 and 0 in other and 1 not in other:
            return True
    return False


def _as_phases(values: set[int], which: str) -> Meaning:
    if values & {2, 3} and values <= {0, 1, 2, 3} and values != {0, 2} and values != {0, 3}:
        return {0: None, 1: 1, 2: 0, 3: 0}
    if len(values) <= 2 and (0 in values or values == {1}):
        return {v: int(v != 0) for v in values}
    raise LabelValueError(
        f"The {which} holds the values {sorted(values)}, which are neither a phase map (0, 1), an annotation "
        f"(0 to 3) nor a mask (0 and one other value); give --compare classes."
    )


def _indices(plane: np.ndarray, meaning: Meaning, classes: list[int]) -> np.ndarray:
    """Class numbers of a plane; ``len(classes)`` where a voxel is left out."""
    result = np.full(plane.shape, len(classes), np.int64)
    for value, counts_as in meaning.items():
        if counts_as is not None:
            result[plane == value] = classes.index(counts_as)
    return result


def _pairs(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    side = classes + 1
    return np.bincount(true.ravel() * side + predicted.ravel(), minlength=side * side).reshape(side, side)


def _near_boundary(true: np.ndarray, distance: int) -> np.ndarray:
    """Pixels with another true class within ``distance`` px along rows, columns or diagonals."""
    from scipy import ndimage as ndi

    size = 2 * distance + 1
    return np.asarray(
        ndi.maximum_filter(true, size, mode="nearest") != ndi.minimum_filter(true, size, mode="nearest")
    )


def _scores(confusion: np.ndarray, classes: list[int]) -> dict[str, Any]:
    """Scores from a confusion matrix, true classes along rows."""
    total = int(confusion.sum())
    by_class = {}
    for index, value in enumerate(classes):
        hit = int(confusion[index, index])
        true, predicted = int(confusion[index].sum()), int(confusion[:, index].sum())
        entry: dict[str, Any] = {
            "jaccard": _ratio(hit, true + predicted - hit),
            "precision": _ratio(hit, predicted),
            "recall": _ratio(hit, true),
            "true_voxels": true,
            "predicted_voxels": predicted,
        }
        missing = [where for where, n in (("truth", true), ("prediction", predicted)) if n == 0]
        if missing:
            entry["reason"] = f"class {value} does not occur in the {' or the '.join(missing)}"
        by_class[str(value)] = entry
    known = [entry["jaccard"] for entry in by_class.values() if entry["jaccard"] is not None]
    return {
        "accuracy": _ratio(int(np.trace(confusion)), total),
        "classes": by_class,
        "mean_jaccard": sum(known) / len(known) if known else None,
        "confusion": {
            str(a): {str(b): int(confusion[i, j]) for j, b in enumerate(classes)}
            for i, a in enumerate(classes)
        },
        "voxels": total,
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _notes(
    prediction: Volume, truth: Volume, pairs: np.ndarray, compare: str, found: tuple[set[int], set[int]]
) -> list[str]:
    notes = [*prediction.notes, *truth.notes]
    left_out = int(pairs.sum() - pairs[:-1, :-1].sum())
    if left_out:
        notes.append(f"{left_out} voxels are unlabelled or ignored and were left out")
    never = sorted(found[0] - found[1])
    if compare != "phases" and never:
        notes.append(f"the prediction holds {never}, which the truth never does")
    if (prediction.voxel_size is None) != (truth.voxel_size is None):
        notes.append("the voxel size of one of the two is unknown, so scales were not compared")
    return notes

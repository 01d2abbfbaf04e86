"""What `find` is asked for, checked as a whole before anything is generated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..generate.model import GeneratorModel
from ..generate.training_set import resampled
from ..generate.wanted import wanted_conditions
from ..io.reading import read
from ..progress import Steps
from ..units import convert_length
from ..volume import require_grey
from .classifier import StructureClassifier, class_probabilities, read_classifier
from .constraints import Constraint, parse_constraint
from .descriptors import ALIASES, Measure, measure_images, otsu_share
from .judge import Judge
from .proposals import Space
from .targets import in_units, parse_target, targets_of_image

OF_IMAGE = ("feret_diameter", "particle_count", "circularity", "mean_grey", "grey_deviation", "grey_step")
"""What is taken from a real image where no descriptors are named."""


def asked_judge(
    models: list[GeneratorModel],
    target: Sequence[str],
    structure: str | None,
    classifier: Path | None,
    like: Path | None,
    descriptor: Sequence[str],
    where: Sequence[str],
    fixed: Sequence[str],
    **how: Any,
) -> Steps[tuple[Judge, list[str]]]:
    """Check everything that was asked and return what judges conditions."""
    if not target and structure is None and like is None:
        raise ParameterError(
            "Nothing is wanted yet: give a target (--target mean_feret=45), a class (--class) or a real "
            "image (--like)."
        )
    judge = None if classifier is None else read_classifier(classifier)
    number = _class_number(judge, structure)
    space = _space(models[0], where, fixed)
    targets = [parse_target(text) for text in target]
    names = [t.name for t in targets]
    if like is not None:
        names += [n for n in (ALIASES.get(d, d) for d in descriptor or OF_IMAGE) if n not in names]
    elif descriptor:
        names += [n for n in (ALIASES.get(d, d) for d in descriptor) if n not in names]
    options = {k: how[k] for k in ("threshold", "dark", "particles")}
    measure = Measure.of(names, **options, pixel_size=models[0].pixel_size, length=models[0].unit)
    notes: list[str] = []
    if like is not None:
        patches, notes = patches_of_image(models[0], like)
        if how["threshold"] is None and measure.needs_threshold:
            measure = replace(measure, threshold=otsu_share(patches, models[0].grey))
        measured = yield from measure_images(patches, measure, models[0].grey)
        targets += [t for t in targets_of_image(measured) if t.name not in {own.name for own in targets}]
        if judge is not None and structure is None:
            number, note = _class_of(judge, patches, models[0])
            notes.append(note)
    targets = in_units(targets, dict(zip(measure.names, measure.units, strict=True)))
    return Judge(models, space, measure, targets, number, judge, how["evaluations"], how["device"]), notes


def _space(model: GeneratorModel, where: Sequence[str], fixed: Sequence[str]) -> Space:
    units = {str(entry["name"]): entry.get("unit") for entry in model.conditions}
    constraints: list[Constraint] = [parse_constraint(text, units) for text in where]
    given = {word.partition("=")[0].strip() for word in fixed}
    free = [e for e in model.conditions if e["name"] not in given and not _constant(e)]
    filled = [f"{e['name']}={e['low'] if e['kind'] == 'continuous' else e['values'][0]}" for e in free]
    row = wanted_conditions(model, [*fixed, *filled])
    names = {str(e["name"]) for e in free}
    return Space(
        model.conditions, {n: v for n, v in row.items() if n not in names}, constraints, model.support
    )


def _constant(entry: dict[str, Any]) -> bool:
    return len(entry["values"]) == 1 if entry["kind"] == "categorical" else entry["low"] == entry["high"]


def _class_number(classifier: StructureClassifier | None, structure: str | None) -> int | None:
    if structure is None:
        return None
    if classifier is None:
        raise ParameterError(f"To look for {structure!r} a classifier is needed; give one (--classifier).")
    if structure not in classifier.classes:
        known = ", ".join(classifier.classes)
        raise ParameterError(f"The classifier does not know {structure!r}; it knows {known}.")
    return classifier.classes.index(structure)


def patches_of_image(model: GeneratorModel, path: Path) -> tuple[np.ndarray, list[str]]:
    """Return patches of a real image at the pixel size of a model, with remarks."""
    volume, notes = read(path), []
    require_grey(volume, "comparing with generated images")
    edge, factor = volume.voxel_size_zyx[2], 1.0
    if edge is None or volume.unit is None or model.pixel_size is None or model.unit is None:
        notes.append(f"the pixel size of {path.name} or of the model is not known; they are taken as equal")
    else:
        factor = model.pixel_size / float(convert_length(edge, volume.unit, model.unit))
    size, cut = model.size, []
    for plane in volume.planes():
        whole = resampled(plane, factor)
        rows, columns = (n // size for n in whole.shape)
        cut += [
            whole[i * size : (i + 1) * size, j * size : (j + 1) * size]
            for i in range(rows)
            for j in range(columns)
        ]
    if not cut:
        raise ParameterError(
            f"{path.name} is smaller than the images of the model ({size} x {size} px at its pixel size), so "
            f"they cannot be compared."
        )
    return np.array(cut), notes


def _class_of(classifier: StructureClassifier, patches: np.ndarray, model: GeneratorModel) -> tuple[int, str]:
    shares = class_probabilities(classifier, patches, pixel_size=model.pixel_size, unit=model.unit).mean(0)
    best = int(shares.argmax())
    return best, f"the image is taken for {classifier.classes[best]} (probability {shares[best]:.2f})"

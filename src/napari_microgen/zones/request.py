"""What a user asks of a diagram, checked as a whole before anything is generated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ParameterError
from ..generate.model import GeneratorModel, read_generator
from ..quantify.image_numbers import Particles
from .axes import Axis, parse_axes
from .base_condition import BaseCondition, base_condition
from .classifier import StructureClassifier, class_probabilities, read_classifier
from .constraints import Constraint, parse_constraint
from .descriptors import ALIASES, Measure
from .nearest_real import RealImages
from .residuals import Residuals
from .window_request import WindowRequest

DRAWS = 100
"""Images of each cell, if classes or descriptors are asked for; as in paper 000."""


@dataclass(frozen=True, eq=False)
class Request:
    """A diagram as it was asked for."""

    model: GeneratorModel
    x: Axis
    y: Axis
    base: BaseCondition
    count: int
    """Images of each cell."""
    classifier: StructureClassifier | None
    measure: Measure | None
    window: WindowRequest | None
    real: RealImages | None
    """Where nearest real images are looked for."""
    ensemble: tuple[GeneratorModel, ...] = ()
    """Further models of the same training, for the spread between models."""
    residuals: Residuals | None = None
    """How far the model was off at conditions it had not seen, for conformal widths."""
    threshold_given: bool = False
    """True if the threshold of the bright phase is not to be found from generated images."""

    @property
    def units(self) -> dict[str, str | None]:
        """Unit of each condition."""
        return units_of(self.model)

    def row(self, varied: dict[str, float]) -> dict[str, float | str | None]:
        """Return all conditions of a cell, in the order of the model."""
        return full_row(self.model, self.base, varied)


def units_of(model: GeneratorModel) -> dict[str, str | None]:
    """Return the unit of each condition of a model."""
    return {str(entry["name"]): entry.get("unit") for entry in model.conditions}


def full_row(
    model: GeneratorModel, base: BaseCondition, varied: dict[str, float]
) -> dict[str, float | str | None]:
    """Return all conditions of a cell, in the order of the model."""
    values = {**base.values, **varied}
    return {str(entry["name"]): values[str(entry["name"])] for entry in model.conditions}


def checked_request(
    model: Path,
    *,
    x: str,
    y: str,
    words: Sequence[str],
    count: int | None,
    classifier: Path | None,
    descriptors: Sequence[str],
    particles: Particles,
    dark: bool,
    threshold: float | None,
    ensemble: Sequence[Path],
    residuals: Path | None,
    where: Sequence[str],
    structure: str | None,
    least: float,
    spreads: float,
    direction: Sequence[str],
    extrapolate: bool,
    images: Path | None,
    conditions: Path | None,
) -> Request:
    """Read and check everything a diagram needs; see the parameters of `zones`.

    Raises
    ------
    MicrogenError
        If anything is unknown, missing or contradictory, in the order in which it was asked.
    """
    source = read_generator(model)
    across, up = parse_axes(x, y, source.conditions)
    base = base_condition(source, words, (across, up))
    judge = None if classifier is None else read_classifier(classifier)
    measure = None
    if descriptors:
        measure = Measure.of(
            descriptors,
            threshold=threshold,
            dark=dark,
            particles=particles,
            pixel_size=source.pixel_size,
            length=source.unit,
        )
    request = WindowRequest(
        tuple(_constraint(text, source, measure) for text in where),
        structure,
        least,
        spreads,
        tuple(direction),
        extrapolate,
    )
    asked = bool(where or structure)
    others = tuple(read_generator(folder) for folder in ensemble)
    for other, folder in zip(others, ensemble, strict=True):
        _require_alike(source, other, folder)
    hashes = [source.sha256, *(other.sha256 for other in others)]
    if len(set(hashes)) < len(hashes):
        raise ParameterError(
            "--ensemble names a model twice, or the model itself, so that no spread could be seen. Give "
            "models that differ in their seed."
        )
    widths = None if residuals is None else Residuals.read(residuals)
    if measure is None and widths is not None:
        raise ParameterError("--residuals are of descriptors, but no descriptor is asked for (--descriptor).")
    known = threshold is not None
    if measure is not None and widths is not None and not known and "threshold" in widths.how:
        measure, known = replace(measure, threshold=float(widths.how["threshold"])), True
    _require_class(structure, judge)
    if judge is not None:
        blank = np.zeros((1, source.size, source.size), source.grey.dtype)
        class_probabilities(judge, blank, pixel_size=source.pixel_size, unit=source.unit)  # do they fit?
    _require_direction(direction, (across.name, up.name), asked)
    number = count if count is not None else (DRAWS if judge is not None or measure is not None else 1)
    if structure is not None and number < 2:
        raise ParameterError(
            f"count is {number}, and a window of a class needs its spread over several images of each cell; "
            f"give at least 2, better {DRAWS}."
        )
    if (images is None) != (conditions is None):
        raise ParameterError("Real images need both their folder (--images) and their table (--conditions).")
    real = (
        RealImages.of_model(source)
        if images is None or conditions is None
        else RealImages.read(source, images, conditions)
    )
    wanted = request if asked else None
    return Request(source, across, up, base, number, judge, measure, wanted, real, others, widths, known)


def _constraint(text: str, model: GeneratorModel, measure: Measure | None) -> Constraint:
    """Return a constraint on a condition or on what is measured; other names of it are understood."""
    names, other = units_of(model), dict[str, str]()
    if measure is not None:
        units = dict(zip(measure.names, measure.units, strict=True))
        other = {alias: name for alias, name in ALIASES.items() if name in units and alias not in names}
        names = {**units, **{alias: units[name] for alias, name in other.items()}, **names}
    found = parse_constraint(text, names)
    return replace(found, name=other.get(found.name, found.name))


def _require_alike(model: GeneratorModel, other: GeneratorModel, folder: Path) -> None:
    """Refuse a further model that makes other images or takes other conditions."""
    mine, theirs = (
        (units_of(m), m.size, m.pixel_size, m.unit, m.grey.dtype, m.grey.low, m.grey.high)
        for m in (model, other)
    )
    if mine != theirs:
        raise ParameterError(
            f"{folder} takes other conditions or makes other images (size, pixel size, grey values) than the "
            f"model. Give models of the same training data that differ in their seed."
        )


def _require_class(structure: str | None, classifier: StructureClassifier | None) -> None:
    if structure is None:
        return
    if classifier is None:
        raise ParameterError(
            f"--class asks for {structure!r}, but there is no classifier that could tell. Train one with "
            f"microgen train classifier, and give its folder (--classifier)."
        )
    if structure not in classifier.classes:
        raise ParameterError(
            f"--class is {structure!r}; the classifier knows {', '.join(classifier.classes)}."
        )


def _require_direction(direction: Sequence[str], names: tuple[str, str], asked: bool) -> None:
    if not direction:
        return
    if not asked:
        raise ParameterError(
            "--direction says which cell of a process window is best, but no window is asked for. Add a "
            "constraint (--where) or a class (--class)."
        )
    for word in direction:
        sign, _, name = word.strip().partition(" ")
        if sign not in ("max", "min") or name.strip() not in names:
            raise ParameterError(
                f"--direction is {word!r}; expected max NAME or min NAME with {names[0]} or {names[1]}."
            )

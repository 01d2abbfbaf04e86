"""The real image nearest to a condition, and in words what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conditions import ConditionTable, Scaler
from ..errors import ParameterError, TableError
from ..generate.training_set import resampled
from ..io.condition_images import read_condition_images
from ..io.reading import read
from ..units import convert_length
from .base_condition import training_rows

if TYPE_CHECKING:
    from ..generate.card import GeneratorCard
    from ..generate.model import GeneratorModel

Row = Mapping[str, float | str | None]


@dataclass(frozen=True)
class NearestImage:
    """A real image near a condition."""

    image: str
    """Its name in the table."""
    conditions: dict[str, float | str | None]
    """Its conditions."""
    distance: float
    """Scaled distance; infinite if labels differ."""
    difference: str
    """Its conditions less those asked for, such as ``+480 C temperature``; empty if there is none."""
    path: Path | None = None
    """Its file, if the folder was given."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        far = None if np.isinf(self.distance) else self.distance
        return {
            "image": self.image,
            "conditions": self.conditions,
            "distance": far,
            "difference": self.difference,
        }


@dataclass(frozen=True, eq=False)
class RealImages:
    """Real images with their conditions, to look for the nearest one."""

    scaler: Scaler
    """Scale on which distances are measured: that of the training."""
    rows: tuple[dict[str, float | str | None], ...]
    """Conditions of each image."""
    images: tuple[str, ...]
    """Names, in the same order."""
    paths: tuple[Path | None, ...]
    """Their files; None where only the conditions are known."""

    @classmethod
    def of_model(cls, model: "GeneratorModel | GeneratorCard") -> "RealImages | None":
        """Return the distinct training conditions that a model keeps; None if it keeps none."""
        if model.support is None:
            return None
        images = model.support.images
        return cls(model.support.scaler, tuple(training_rows(model.support)), images, (None,) * len(images))

    @classmethod
    def read(
        cls,
        model: "GeneratorModel | GeneratorCard",
        images: Path,
        conditions: Path,
        where: Sequence[str] = (),
    ) -> "RealImages":
        """Read the table of a folder of real images; the images themselves are read when they are shown.

        Raises
        ------
        TableError
            If the table lacks a condition of the model, or its units do not fit.
        InputNotFoundError
            If there are no images.
        """
        names = [str(entry["name"]) for entry in model.conditions]
        transforms = {str(e["name"]): str(e.get("transform")) for e in model.conditions}
        found = read_condition_images(
            images,
            conditions,
            extra="leave out",
            columns=names,
            where=tuple(where),
            categorical=[str(e["name"]) for e in model.conditions if e["kind"] == "categorical"],
            log=[n for n in names if transforms[n] == "log"],
            log1p=[n for n in names if transforms[n] == "log1p"],
            units={str(e["name"]): str(e["unit"]) for e in model.conditions if e.get("unit")},
        )
        scaler = model.support.scaler if model.support is not None else Scaler.fit(found.table)
        table, paths = found.table, found.paths
        _require_conditions(table, scaler)
        kept = [row for row in range(len(table)) if table.complete[row]]
        return cls(
            scaler,
            tuple({name: table.row(row)[name] for name in scaler.names} for row in kept),
            tuple(table.images[row] for row in kept),
            tuple(paths[row] for row in kept),
        )

    def nearest(self, wanted: Row, same: Sequence[str] = ()) -> NearestImage | None:
        """Return the image nearest to a condition; ties go to the first by name.

        Parameters
        ----------
        wanted : mapping
            Value of each condition.
        same : sequence of str
            Conditions in which it should be the same, if any image is.
        """
        if any(wanted.get(name) is None for name in self.scaler.names) or not self.rows:
            return None
        away = np.array([self._squared(row, wanted) for row in self.rows])
        alike = [all(self._squared(row, wanted, name) < 1e-12 for name in same) for row in self.rows]
        chosen = [i for i, yes in enumerate(alike) if yes] or list(range(len(self.rows)))
        place = min(chosen, key=lambda i: (round(float(away[i]), 12), self.images[i]))
        row = self.rows[place]
        words = difference(row, wanted, {c.name: c.unit for c in self.scaler.conditions})
        return NearestImage(
            self.images[place], dict(row), float(away[place] ** 0.5), words, self.paths[place]
        )

    def _squared(self, row: Row, wanted: Row, only: str | None = None) -> float:
        total = 0.0
        for part in self.scaler.parts:
            name = part.condition.name
            if only is not None and name != only:
                continue
            if part.categories:
                total += 0.0 if row[name] == wanted[name] else np.inf
            else:
                one, other = part.condition.forward(np.array([row[name], wanted[name]], float))
                total += float(((one - other) / part.span) ** 2)
        return total


def difference(real: Row, wanted: Row, units: Mapping[str, str | None]) -> str:
    """Return in words how the conditions of a real image differ from those asked for.

    Examples
    --------
    >>> difference({"T": 500.0, "p": 1.0}, {"T": 20.0, "p": 1.0}, {"T": "C", "p": None})
    '+480 C (T)'
    """
    words = []
    for name, value in wanted.items():
        own, unit = real[name], units.get(name)
        if isinstance(own, float) and isinstance(value, float):
            change = own - value
            if abs(change) > 1e-9 * max(abs(own), abs(value)):
                shown = "" if unit in (None, "1") else f" {unit}"
                words.append(f"{change:+.4g}{shown} ({name})")
        elif own != value:
            words.append(f"{name} {own} instead of {value}")
    return ", ".join(words)


def real_patch(path: Path, model: "GeneratorModel | GeneratorCard") -> np.ndarray:
    """Return the middle of a real image as a generated one is: same pixel size, same side in px.

    Raises
    ------
    ParameterError
        If the image is smaller than a generated one.
    """
    volume = read(path)
    plane = np.asarray(volume.plane(0)) if "Z" in volume.axes else np.asarray(volume.data)
    if plane.ndim != 2:
        raise ParameterError(f"{path.name} has axes {volume.axes}; expected a grey image of one plane.")
    edge = volume.voxel_size_zyx[1]
    if edge is not None and volume.unit and model.pixel_size is not None and model.unit is not None:
        plane = resampled(plane, model.pixel_size / convert_length(edge, volume.unit, model.unit))
    if min(plane.shape) < model.size:
        raise ParameterError(
            f"{path.name} has {plane.shape[0]} x {plane.shape[1]} px at the pixel size of the model, which "
            f"is less than the {model.size} px of a generated image."
        )
    top, left = ((n - model.size) // 2 for n in plane.shape)
    patch: np.ndarray = plane[top : top + model.size, left : left + model.size]
    return patch.astype(model.grey.dtype)


def _require_conditions(table: ConditionTable, scaler: Scaler) -> None:
    for part in scaler.parts:
        theirs = table.condition(part.condition.name)
        if theirs.kind != part.condition.kind or theirs.unit != part.condition.unit:
            raise TableError(
                f"The table has {theirs.label} ({theirs.kind}), and the model {part.condition.label} "
                f"({part.condition.kind}). Give the table the model was trained with."
            )

"""The single images of a comparison: where each was cut from, its condition, and what it measures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..io.table_csv import format_table, read_table
from .descriptors import GRAIN_NAMES, NAMES, unit_of
from .frame import Sides
from .image_set import Origin
from .space import Space

IMAGE_LIST = "images.csv"
"""Name of the file."""
SideName = Literal["real", "synthetic"]
SIDES: tuple[SideName, SideName] = ("real", "synthetic")
COMPONENTS = ("persistence_1", "persistence_2", "persistence_3")
"""Principal components of the persistence image (rings), in real standard deviations."""


@dataclass(frozen=True, eq=False)
class ListedImages:
    """The images of one side, as ``images.csv`` lists them."""

    origins: tuple[Origin, ...]
    """Where each was cut from."""
    shape: tuple[int, int]
    """Height and width of each, in pixels."""
    conditions: tuple[str, ...]
    """Condition of each, in words."""
    values: dict[str, np.ndarray]
    """Descriptors and persistence components by name; NaN where undefined."""

    def __len__(self) -> int:
        return len(self.origins)


def image_list(sides: Sides, space: Space) -> str:
    """Return one row per image of both sides as CSV.

    Parameters
    ----------
    sides : Sides
        Images and descriptors.
    space : Space
        In which persistence images have components.
    """
    columns: dict[str, list[Any]] = {}
    for name, side in zip(SIDES, (sides.real, sides.synthetic), strict=True):
        number = len(side)
        height, width = side.images.images.shape[1:]
        origins = side.images.origins or tuple(Origin("", k) for k in range(number))
        rows: dict[str, list[Any]] = {"side": [name] * number}
        for place, key in enumerate(Origin._fields):
            rows[key] = [origin[place] for origin in origins]
        rows |= {"height": [height] * number, "width": [width] * number}
        rows["condition"] = [sides.conditions.names[code] for code in side.condition]
        rows["micrograph"] = list(side.images.table.micrographs)
        rows |= {key: side.descriptors.column(key).tolist() for key in side.descriptors.names}
        components = space.persistence(side.descriptors)
        for place, key in enumerate(COMPONENTS):
            inside = place < components.shape[1]
            rows[key] = components[:, place].tolist() if inside else [np.nan] * number
        for key, values in rows.items():
            columns.setdefault(key, []).extend(values)
    unit = sides.real.descriptors.unit
    names = sides.real.descriptors.names
    units = {key: unit_of(key, unit) for key in names if unit_of(key, unit) != "1"}
    return format_table(columns, units)


def read_image_list(path: Path) -> dict[SideName, ListedImages]:
    """Read ``images.csv`` of a comparison.

    Returns
    -------
    dict of ListedImages
        Of ``real`` and ``synthetic``.

    Raises
    ------
    TableError
        If it is not such a table.
    """
    table = read_table(path, delimiter=",", decimal=".")
    text = {name: np.array(table[name].cells) for name in ("side", "file", "condition")}
    numbers = {name: table.numbers(name) for name in (*Origin._fields[1:], "height", "width")}
    known = [name for name in (*NAMES, *GRAIN_NAMES) if name in table]
    values = {name: table.numbers(name) for name in (*known, *COMPONENTS)}
    found: dict[SideName, ListedImages] = {}
    for name in SIDES:
        rows = np.flatnonzero(text["side"] == name)
        origins = tuple(
            Origin(str(text["file"][k]), *(int(numbers[key][k]) for key in Origin._fields[1:])) for k in rows
        )
        first = rows[0] if len(rows) else 0
        found[name] = ListedImages(
            origins,
            (int(numbers["height"][first]), int(numbers["width"][first])),
            tuple(str(c) for c in text["condition"][rows]),
            {key: column[rows] for key, column in values.items()},
        )
    return found

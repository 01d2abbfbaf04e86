"""A built-in design of 123 film conditions on nine libraries, confounded as published ones are.

Its libraries follow how such experiments are made (composition spreads, sweeps of the ion flux, series of
temperatures); correlations between conditions follow the summary numbers of a published table. The table
itself is not part of this package.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..conditions import ConditionTable
from .film_rule import UNITS


@dataclass(frozen=True)
class Library:
    """One sample library."""

    name: str
    temperatures: tuple[float, ...]
    aluminium: tuple[float, float]
    oxygen: float
    ionisation: tuple[float, float]
    energy: tuple[float, float]
    pressure: float
    places: int
    held_out: int = 0
    """Places, from the one with most aluminium, that are kept from training."""


LIBRARIES = (
    Library("F1", (190, 380, 610), (55, 16), 10, (0.5, 0.5), (7, 8), 0.5, 8),
    Library("F2", (490,), (71, 11), 0, (1.0, 1.0), (7, 8), 0.5, 8),
    Library("F3", (490,), (70, 11), 0, (1.0, 1.0), (41.5, 43), 0.5, 9, held_out=9),
    Library("F4", (490,), (69, 6), 0, (1.2, 1.2), (39, 38.5), 1.0, 9, held_out=4),
    Library("F5", (490,), (67, 12), 0, (1.0, 1.0), (106.5, 108), 0.5, 8),
    Library("F6", (490,), (75, 8), 0, (1.2, 1.2), (100, 100), 1.0, 10),
    Library("F7", (490,), (0, 0), 0, (0.1, 1.0), (201, 210), 0.5, 10),
    Library("F8", (25,), (0, 0), 0, (0.1, 1.0), (1, 10), 0.5, 10),
    Library("F9", (210, 290, 360, 510, 640, 800), (0, 0), 3, (0.1, 1.0), (1, 10), 0.5, 6),
)
SIZE = 123


def film_design() -> ConditionTable:
    """Return the built-in design.

    Returns
    -------
    ConditionTable
        123 rows; ``libraries`` tells the library, the label condition ``split`` is ``train`` or
        ``held out`` (13 rows, five of them outside the convex hull of the others).

    Examples
    --------
    >>> table = film_design()
    >>> len(table), len(set(table.libraries)), int((table["split"] == "held out").sum())
    (123, 9, 13)
    """
    rows = [row for library in LIBRARIES for row in _rows(library)][:SIZE]
    columns = {name: [row[1][name] for row in rows] for name in (*UNITS, "split")}
    return ConditionTable.from_columns(
        columns,
        images=[f"film_{number:03d}.tif" for number in range(1, len(rows) + 1)],
        units=UNITS,
        libraries=[row[0] for row in rows],
    )


def _rows(library: Library) -> Iterator[tuple[str, dict[str, float | str]]]:
    flux = 1 / np.linspace(1 / library.ionisation[0], 1 / library.ionisation[1], library.places)
    for temperature in library.temperatures:
        for place in range(library.places):
            share = place / (library.places - 1)
            energy = np.interp(share, (0, 1), library.energy) - 2 * (library.aluminium[0] > 0) * share * (
                1 - share
            )
            yield (
                library.name,
                {
                    "temperature": float(temperature),
                    "aluminium": round(float(np.interp(share, (0, 1), library.aluminium)), 2),
                    "oxygen": float(library.oxygen),
                    "ionisation": round(float(flux[place]), 4),
                    "ion energy": round(float(energy), 3),
                    "pressure": float(library.pressure),
                    "split": "held out" if place < library.held_out else "train",
                },
            )

"""The grains that were found in a layer: their map, one row for each, and the numbers of all together."""

import csv
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..features import FeatureTable
from ..io.reading import read
from ..progress import Progress, Steps
from ..quantify.grain_contacts import grain_contacts
from ..volume import Volume
from .heavy import table_on_layers
from .settings import cache_folder

MEASURES = ("radius", "neighbours", "area", "neighbours_of_neighbours", "weight")
"""What grains can be coloured by."""
LIST, MAP = "grains.csv", "grains.tif"
_WHOLE = ("label", "neighbours", "sample")


@dataclass(frozen=True, eq=False)
class FoundGrains:
    """Grains numbered from 1 as they stand in the list, over all planes."""

    labels: np.ndarray
    """Number of the grain at each pixel, 0 for none; int32, shape of the image."""
    columns: dict[str, np.ndarray]
    """One value per grain: those of the list, ``sides_around`` (sum of the sides of its neighbours), and
    ``whole`` (neither cut nor next to one that is)."""
    table: FeatureTable
    """Numbers of all grains together."""

    def __len__(self) -> int:
        return len(self.columns["label"])

    @property
    def unit(self) -> str:
        """Unit of radii: ``um`` or ``px``."""
        return str(self.table.facts.get("unit") or "px")

    def measure(self, name: str) -> tuple[np.ndarray, str]:
        """Return one of `MEASURES` of each grain (NaN where undefined), and its unit."""
        if name == "neighbours_of_neighbours":
            sides, around = self.columns["neighbours"], self.columns["sides_around"]
            known = self.columns["whole"] & (sides > 0)
            return np.divide(around, sides, out=np.full(len(self), np.nan), where=known), "1"
        unit = {"radius": self.unit, "area": f"{self.unit}^2"}.get(name, "1")
        return self.columns[name].astype(float), unit

    def picture(self, name: str) -> np.ndarray:
        """Return the measure of the grain at each pixel, NaN where there is none; float32."""
        values = np.concatenate([[np.nan], self.measure(name)[0]]).astype(np.float32)
        return values[self.labels]

    def features(self) -> dict[str, Any]:
        """Return the columns of the layer's features, units in the heads."""
        found: dict[str, Any] = {"index": np.arange(1, len(self) + 1)}
        for name in ("label", *MEASURES, "centroid_row", "centroid_column", "touches_edge", "sample"):
            values, unit = self.measure(name) if name in MEASURES else (self.columns[name], "1")
            found[name if unit == "1" else f"{name} [{unit}]"] = values
        return found

    def words(self, number: int) -> str:
        """Return what is known of a grain, in words."""
        k = number - 1
        unit = self.unit.replace("um", "µm")
        cut = ", cut by the edge" if self.columns["touches_edge"][k] else ""
        row = {name: column[k] for name, column in self.columns.items()}
        sizes = f"radius {row['radius']:.4g} {unit}, area {row['area']:.4g} {unit}²"
        return f"Grain {int(row['label'])}: {sizes}, {int(row['neighbours'])} neighbours{cut}"


def find_in_child(image: Volume, words: Sequence[str], *, periodic: bool, contact: int) -> Steps[FoundGrains]:
    """Find and measure the grains of an image in a child process.

    Parameters
    ----------
    image : Volume
        What is shown.
    words : sequence of str
        Options of ``microgen grains``.
    periodic, contact : bool, int
        Those of the options by which neighbours are told.
    """
    folder = Path(tempfile.mkdtemp(prefix="grains-", dir=cache_folder()))
    try:
        beside = [f"--grain-list={folder / LIST}", f"--grain-map={folder / MAP}"]
        table = yield from table_on_layers("grains", {"image": image}, [*words, *beside])
        yield Progress(0, None, "numbering grains")
        columns = read_list(folder / LIST)
        found = np.asarray(read(folder / MAP, kind="labels"))
        labels, more = yield from numbered(found, columns, periodic=periodic, contact=contact)
        return FoundGrains(labels, columns | more, _without_files(table))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_list(path: Path) -> dict[str, np.ndarray]:
    """Read the list of grains that ``microgen grains`` writes."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    columns: dict[str, np.ndarray] = {}
    for name in rows[0]:
        cells = [row[name] for row in rows]
        if name == "touches_edge":
            columns[name] = np.array([cell == "True" for cell in cells])
        else:
            columns[name] = np.array(cells, float).astype(int if name in _WHOLE else float)
    return columns


def numbered(
    found: np.ndarray, columns: dict[str, np.ndarray], *, periodic: bool, contact: int
) -> Steps[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Give each grain the number of its row in the list, and look at its neighbours.

    Returns
    -------
    labels : ndarray of int32
        Row of the list, from 1, at each pixel.
    more : dict of ndarray
        ``sides_around`` and ``whole``, see `FoundGrains`.
    """
    labels = np.zeros(found.shape, np.int32)
    around, spoilt = np.zeros(len(columns["label"])), np.zeros(len(columns["label"]), bool)
    planes, outs = (found[None], labels[None]) if found.ndim == 2 else (found, labels)
    for sample, (plane, out) in enumerate(zip(planes, outs, strict=True)):
        yield Progress(sample, len(planes), "numbering grains")
        rows = np.flatnonzero(columns["sample"] == sample)
        if not len(rows):
            continue
        values = columns["label"][rows]
        place = np.clip(np.searchsorted(values, plane), 0, len(values) - 1)
        out[...] = np.where(values[place] == plane, rows[place] + 1, 0)
        pairs, lengths = grain_contacts(out, periodic=periodic, background=0)
        ends = pairs[lengths >= contact].astype(int) - 1
        both = np.concatenate([ends, ends[:, ::-1]])
        np.add.at(around, both[:, 0], columns["neighbours"][both[:, 1]])
        spoilt |= np.bincount(both[:, 0], columns["weight"][both[:, 1]] == 0, len(spoilt)) > 0
    return labels, {"sides_around": around, "whole": (columns["weight"] > 0) & ~spoilt}


def _without_files(table: FeatureTable) -> FeatureTable:
    """Return the table with a recipe that names no file of the child."""
    if table.recipe is None:
        return table
    kept = {k: v for k, v in table.recipe.parameters.items() if k not in ("grain_list", "grain_map")}
    return replace(table, recipe=replace(table.recipe, parameters=kept))

"""Every grain of a plane label map with its size, its neighbours and its place."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from .grain_contacts import grain_contacts

EdgeRule = Literal["corrected", "excluded", "included"]


@dataclass(frozen=True)
class GrainTable:
    """One row per grain; all arrays have the same length."""

    label: np.ndarray
    """Its number in the label map."""
    area: np.ndarray
    """In the square of the unit of the pixel edges."""
    radius: np.ndarray
    """Of a disk of the same area."""
    neighbours: np.ndarray
    """Grains it touches; too few for grains that the edge cuts."""
    centroid_row: np.ndarray
    """Mean row of its pixels, in px from 0; through the edges if periodic."""
    centroid_column: np.ndarray
    """Mean column."""
    touches_edge: np.ndarray
    """True if the edge of the image may cut it; False for all if periodic."""
    weight: np.ndarray
    """How many grains it stands for: see `grain_table`."""
    sample: np.ndarray
    """Which image it was found in, from 0."""

    def __len__(self) -> int:
        return len(self.label)

    def measured(self) -> "GrainTable":
        """Return the grains that count, those of weight 0 left out."""
        return self.where(self.weight > 0)

    def where(self, chosen: np.ndarray) -> "GrainTable":
        """Return the chosen rows."""
        return GrainTable(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def joined(tables: list[GrainTable]) -> GrainTable:
    """Return the grains of several images as one table; ``sample`` counts the images."""
    parts = [table.columns() | {"sample": np.full(len(table), k)} for k, table in enumerate(tables)]
    return GrainTable(*(np.concatenate([part[field.name] for part in parts]) for field in fields(GrainTable)))


def grain_table(
    labels: np.ndarray,
    spacing: tuple[float, float] = (1.0, 1.0),
    *,
    periodic: bool = False,
    edge: EdgeRule = "corrected",
    contact: int = 0,
    background: int | None = 0,
) -> GrainTable:
    """Measure each grain of a plane label map.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each pixel. A number is one grain, wherever its pixels lie.
    spacing : (float, float)
        Pixel edges along rows and columns, in any unit.
    periodic : bool
        Whether the last row and column touch the first; then no grain is cut.
    edge : {"corrected", "excluded", "included"}
        What grains at the edge count for. ``corrected``: nothing, and the others the more the larger
        their box is, by one over the share of places at which the image would hold them whole
        (Miles 1974, Lantuejoul 1980), which makes means unbiased. ``excluded``: nothing, the others
        one each. ``included``: one each, cut or not.
    contact : int
        Pixel edges that two grains must share to be neighbours; at 0 grains that touch at a corner
        of four do so, too (see `grain_contacts`).
    background : int or None
        Label that is no grain; None if all are.

    Returns
    -------
    GrainTable
        In the order of the labels.

    Examples
    --------
    >>> grain_table(np.array([[1, 1, 2], [3, 3, 2]]), edge="included").neighbours
    array([2, 2, 2])
    """
    values, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    index = index.reshape(labels.shape)
    pairs, lengths = grain_contacts(labels, periodic=periodic, background=background)
    touching = np.searchsorted(values, pairs[lengths >= contact])
    neighbours = np.bincount(touching.ravel(), minlength=len(values))
    rows, columns, boxes = _places(index, len(values), periodic=periodic)
    cut = np.zeros(len(values), bool)
    if not periodic:
        for line in (index[0], index[-1], index[:, 0], index[:, -1]):
            cut[line] = True
    weight = np.ones(len(values))
    if edge != "included":
        weight[cut] = 0
    if edge == "corrected" and not periodic:
        room = (1 - boxes / np.array(labels.shape)).prod(1)
        weight[~cut] = 1 / room[~cut]
    area = counts * float(spacing[0] * spacing[1])
    table = GrainTable(
        values, area, np.sqrt(area / np.pi), neighbours, rows, columns, cut, weight,
        np.zeros(len(values), int),
    )  # fmt: skip
    return table if background is None else table.where(values != background)


def _places(index: np.ndarray, count: int, *, periodic: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean row and column of each grain, and how many shifts cut it or take it to the edge."""
    from scipy.ndimage import find_objects

    sizes = np.bincount(index.ravel(), minlength=count)
    means = []
    for axis, length in enumerate(index.shape):
        at = np.broadcast_to(np.expand_dims(np.arange(length), 1 - axis), index.shape)
        if not periodic:
            means.append(np.bincount(index.ravel(), at.ravel(), count) / sizes)
            continue
        turn = 2 * np.pi * np.arange(length) / length
        sums = [
            np.bincount(
                index.ravel(), np.broadcast_to(np.expand_dims(wave, 1 - axis), index.shape).ravel(), count
            )
            for wave in (np.sin(turn), np.cos(turn))
        ]
        means.append(np.arctan2(*sums) / (2 * np.pi) * length % length)
    boxes = np.zeros((count, 2))
    for number, box in enumerate(find_objects(index + 1)):
        boxes[number] = [part.stop - part.start + 1 for part in box]
    return means[0], means[1], boxes

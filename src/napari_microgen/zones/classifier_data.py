"""Labelled micrographs for a classifier: which image is of which class and group, and patches of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import TableError
from ..generate.training_set import Augment, TrainingSet, load_training_set
from ..io.condition_images import read_condition_images
from ..io.conditions import Reading
from ..io.table_csv import read_table
from ..progress import Steps
from .classifier_network import SIDE

MICROGRAPH = "micrograph"


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Micrographs with a class each."""

    data: TrainingSet
    """The micrographs, in the order of the table."""
    classes: tuple[str, ...]
    """Names of the classes, in alphabetical order."""
    labels: np.ndarray
    """Class of each row, shape (rows,)."""
    groups: np.ndarray
    """Number of the group of each row: what must not be in training and test at once."""
    group_names: tuple[str, ...]

    def batch(self, rows: np.ndarray, size: int, random: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return random patches of randomly chosen rows with their classes."""
        chosen = rows[random.integers(len(rows), size=size)]
        return {"images": self.data.patches(chosen, random), "labels": self.labels[chosen]}

    def spread(self, row: int, count: int) -> np.ndarray:
        """Return patches spread evenly over the planes of a row, shape (patches, 1, 64, 64)."""
        planes = [self.data.planes[n].data for n in self.data.planes_of(row)]
        each = max(1, round((count / len(planes)) ** 0.5))
        cut = []
        for plane in planes:
            ends = [np.unique(np.linspace(0, n - SIDE, each).round().astype(int)) for n in plane.shape]
            cut += [plane[top : top + SIDE, left : left + SIDE] for top in ends[0] for left in ends[1]]
        return self.data.scale.forward(np.array(cut))[:, None]

    def class_weights(self, rows: np.ndarray) -> np.ndarray:
        """Return a weight per class with which all that occur count alike; their mean over rows is 1."""
        counts = np.bincount(self.labels[rows], minlength=len(self.classes))
        present = counts > 0
        return np.where(present, len(rows) / (present.sum() * np.maximum(counts, 1)), 0.0)


def load_labelled(
    images: Path,
    table: Path,
    *,
    label: str,
    group: str,
    where: tuple[str, ...],
    pixel_size: float | None,
    crop_size: int | None,
    augment: Augment,
) -> Steps[LabelledImages]:
    """Read micrographs and their classes; see `train_classifier`.

    Raises
    ------
    TableError
        If the column of classes is not there, has gaps, or names fewer than two classes.
    """
    names = read_table(table).names
    for name, what in ((label, "--label"), (group, "--group")):
        if name not in names and name != MICROGRAPH:
            raise TableError(
                f"{table} has no column {name!r}; it has {', '.join(names)}. Name one of them ({what})."
            )
    reading = Reading(
        columns=(label,),
        categorical=(label,),
        where=where,
        libraries=None if group == MICROGRAPH else group,
    )
    found = read_condition_images(images, table, reading, extra="leave out")
    texts = found.table[label]
    empty = [image for image, text in zip(found.table.images, texts, strict=True) if not text]
    if empty:
        raise TableError(
            f"{len(empty)} images have no class in column {label!r}, first {', '.join(empty[:5])}. Give "
            f'them one, or leave them out (--where "{label}!=").'
        )
    classes, labels = np.unique(texts, return_inverse=True)
    if len(classes) < 2:
        raise TableError(f"All images have the class {classes[0]!r}; a classifier needs two classes or more.")
    data = yield from load_training_set(
        found.table,
        found.paths,
        patch_size=SIDE,
        crop_size=crop_size,
        pixel_size=pixel_size,
        augment=augment,
    )
    by = "micrograph" if group == MICROGRAPH else "library"
    groups, group_names = found.table.groups(by)  # type: ignore[arg-type]
    return LabelledImages(data, tuple(map(str, classes)), labels.astype(np.int64), groups, group_names)

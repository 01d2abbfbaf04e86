"""Real images as a generator saw those it was trained on: its conditions, its pixel size, its patches."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import TableError
from ..io.condition_images import ConditionedImages, read_condition_images
from ..io.conditions import Reading
from ..progress import Steps
from ..units import convert_length
from .card import GeneratorCard
from .model import GeneratorModel
from .training_set import TrainingSet, load_training_set


def real_images(
    model: GeneratorModel | GeneratorCard, images: Path, conditions: Path, where: Sequence[str] = ()
) -> ConditionedImages:
    """Read real images with the conditions of a model.

    Raises
    ------
    ConditionsError
        If table and images do not fit; everything that does not is listed.
    TableError
        If the table states other units than the model.
    """
    names = [str(entry["name"]) for entry in model.conditions]
    labels = [str(entry["name"]) for entry in model.conditions if entry["kind"] == "categorical"]
    reading = Reading(columns=names, categorical=labels, where=where)
    found = read_condition_images(images, conditions, reading, extra="leave out")
    other = [
        f"{c.name} in {c.unit} (the model: {entry['unit']})"
        for c, entry in zip(found.table.conditions, model.conditions, strict=True)
        if c.unit != entry["unit"] and None not in (c.unit, entry["unit"])
    ]
    if other:
        raise TableError(f"{conditions} states other units than the model: {', '.join(other)}. Convert them.")
    return found


def patches_of(
    model: GeneratorModel | GeneratorCard, found: ConditionedImages, crop_size: int | None = None
) -> Steps[TrainingSet]:
    """Read real images at the pixel size of a model.

    Parameters
    ----------
    model : GeneratorModel or GeneratorCard
        Says size and pixel size.
    found : ConditionedImages
        What to read.
    crop_size : int, optional
        Side of the crops that became patches in the training, in px; counts where the model does not
        know its pixel size.
    """
    size = None
    if model.pixel_size is not None and model.unit is not None:
        size = float(convert_length(model.pixel_size, model.unit, found.table.pixel_unit))
    crop = crop_size if size is None else None
    data = yield from load_training_set(
        found.table, found.paths, patch_size=model.size, crop_size=crop, pixel_size=size
    )
    return data


def tiles(data: TrainingSet, row: int) -> np.ndarray:
    """Return patches of the images of a row that do not overlap, shape (patches, size, size)."""
    cut = []
    for number in data.planes_of(row):
        plane = data.planes[number].data
        rows, columns = (n // data.size for n in plane.shape)
        for i in range(rows):
            for j in range(columns):
                cut.append(plane[i * data.size : (i + 1) * data.size, j * data.size : (j + 1) * data.size])
    return np.array(cut)

"""Real and synthetic images of each condition, to be looked at side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..errors import InputNotFoundError, TableError
from ..io.reading import read
from ..progress import Progress, Steps, scaled
from .image_list import SIDES, SideName
from .image_set import ImageSet, Origin, common_pixel_size, grey_limits
from .matching import shared_conditions
from .preparation import Choices, Source, loaded_sets


@dataclass(frozen=True, eq=False)
class GallerySide:
    """The images of one side."""

    origins: tuple[Origin, ...]
    """Where each is."""
    condition: np.ndarray
    """Number of the condition of each; -1 where the real images have none like it."""

    def __len__(self) -> int:
        return len(self.origins)


@dataclass(frozen=True, eq=False)
class Gallery:
    """What two sets of images have in common, and where each image is; the images stay in their files."""

    sides: Mapping[SideName, GallerySide]
    """Real and synthetic."""
    conditions: tuple[str, ...]
    """Conditions of the real images in words."""
    shape: tuple[int, int]
    """Height and width of each image, in pixels."""
    pixel_size: float | None
    """Pixel edge in micrometre; None if unknown."""
    limits: tuple[float, float]
    """Grey values of black and white, for both sides alike."""
    notes: tuple[str, ...]
    """Remarks."""

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """Numbers of the conditions with images on both sides."""
        codes = [set(side.condition.tolist()) for side in self.sides.values()]
        return tuple(sorted(set.intersection(*codes) - {-1}))

    def of_condition(self, side: SideName, code: int) -> np.ndarray:
        """Return the rows of one side that have a condition."""
        return np.flatnonzero(self.sides[side].condition == code)

    def picture(self, side: SideName, row: int) -> np.ndarray:
        """Read one image from its file."""
        return read_picture(self.sides[side].origins[row], self.shape)


def read_picture(origin: Origin, shape: tuple[int, int]) -> np.ndarray:
    """Read one image of a comparison from its file.

    Raises
    ------
    InputNotFoundError
        If the file has changed so that there is no such image any more.
    """
    volume = read(Path(origin.file))
    if origin.plane >= volume.n_planes:
        raise InputNotFoundError(f"{origin.file} has no plane {origin.plane + 1} any more; compare again.")
    rows, columns = (slice(a, a + n) for a, n in zip(origin[2:], shape, strict=True))
    picture = np.array(volume.plane(origin.plane)[rows, columns])
    if picture.shape != shape:
        raise InputNotFoundError(f"{origin.file} has become smaller than it was; compare again.")
    return picture


def gallery(sources: Mapping[SideName, Source], choices: Choices) -> Steps[Gallery]:
    """Look through two sets of images, as a comparison would, without measuring them.

    Parameters
    ----------
    sources : mapping of Source
        ``real`` and ``synthetic``.
    choices : Choices
        Conditions, rows and patches.

    Raises
    ------
    ShapeMismatchError
        If pixel sizes differ.
    TableError
        If tables do not fit, or the sides have no condition in common.
    """
    loaded: tuple[list[ImageSet], list[str]] = yield from scaled(
        loaded_sets({name: sources[name] for name in SIDES}, choices), 0, 80, 100
    )
    sets, notes = {images.name: images for images in loaded[0]}, loaded[1]
    both = {name: sets[name] for name in SIDES}
    pixel_size, remark = common_pixel_size(list(both.values()))
    conditions, more = shared_conditions([(name, images.table) for name, images in both.items()])
    sides = {name: GallerySide(s.origins, conditions.codes(s.table)) for name, s in both.items()}
    yield Progress(90, 100, "grey values")
    limits = grey_limits(list(both.values()))
    notes = [*notes, *([] if remark is None else [remark]), *more]
    height, width = both["real"].images.shape[1:]
    found = Gallery(sides, conditions.names, (height, width), pixel_size, limits, tuple(dict.fromkeys(notes)))
    if not found.shared:
        raise TableError(
            "No condition of the synthetic images is among those of the real images, so there are no pairs "
            "to look at. Generate images for conditions that were measured, or name fewer columns."
        )
    return found

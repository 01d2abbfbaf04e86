"""Sets of images to compare: equal patches with conditions, micrographs and one pixel size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ..conditions import ConditionTable
from ..errors import InputNotFoundError, NonFiniteError, ParameterError, ShapeMismatchError, TableError
from ..io.condition_images import image_files, read_condition_images
from ..io.conditions import read_conditions
from ..io.reading import read
from ..progress import Progress, Steps
from ..quantify.persistence_image import white_level
from ..volume import Volume, require_grey, require_labels
from .grain_numbers import distance_of_labels

TOLERANCE = 1e-3
"""Relative difference of pixel sizes that counts as none; tables state them with a few digits only."""


_SAMPLED = 64
"""Images of a set from which the range of grey values is taken."""

Grains = Literal["none", "distance", "labels"]
"""Whether images show grains: not, as distances to their boundaries in pixels, or as their numbers."""

Planes = Literal["one", "each"]
"""Whether the planes of a stack of real images are one micrograph, or each one of its own."""


class Origin(NamedTuple):
    """Where an image was cut from."""

    file: str
    """File it was read from."""
    plane: int
    """Plane of the file, from 0."""
    row: int = 0
    """First pixel row."""
    column: int = 0
    """First pixel column."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one kind, all of one shape."""

    name: str
    """What they are called in the report, such as ``real``."""
    images: np.ndarray
    """Grey values, shape (N, R, C)."""
    table: ConditionTable
    """One row per image; without conditions if none are known."""
    pixel_size: float | None = None
    """Pixel edge in micrometre; None if unknown."""
    notes: tuple[str, ...] = ()
    """Remarks for the reader."""
    origins: tuple[Origin, ...] = ()
    """Where each image was cut from; empty if they were never in files."""
    full: float | None = None
    """What counts as white; told by the type of the values if None."""

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or len(self.images) != len(self.table):
            raise ShapeMismatchError(
                f"{self.name} has an array of shape {self.images.shape} and {len(self.table)} rows of "
                f"conditions; expected one image (R, C) per row."
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> "ImageSet":
        """Return some of the images."""
        origins = _picked(self.origins, rows)
        return replace(self, images=self.images[rows], table=self.table.select(rows), origins=origins)

    @property
    def white(self) -> float:
        """Grey value of white: that of the type, and 1 for decimals and for maps of 0 and 1."""
        if self.full is not None:
            return self.full
        return 1.0 if self.images.max(initial=0) <= 1 else white_level(self.images)


@dataclass(frozen=True, eq=False)
class Loaded:
    """Images as read, of any sizes, before they are cut."""

    name: str
    """What they are called."""
    pictures: tuple[np.ndarray, ...]
    """Grey values, each of shape (R, C)."""
    table: ConditionTable
    """One row per picture."""
    pixel_size: float | None
    """Pixel edge in micrometre; None if unknown."""
    notes: tuple[str, ...] = ()
    """Remarks."""
    origins: tuple[Origin, ...] = ()
    """Where each picture was read from."""

    def take(self, rows: np.ndarray) -> "Loaded":
        """Return some of the pictures."""
        return replace(
            self,
            pictures=tuple(self.pictures[int(r)] for r in rows),
            table=self.table.select(rows),
            origins=_picked(self.origins, rows),
        )


def of_arrays(
    name: str,
    images: np.ndarray,
    table: ConditionTable | None = None,
    pixel_size: float | None = None,
) -> ImageSet:
    """Return a set of arrays; without a table each image is its own micrograph.

    Examples
    --------
    >>> len(of_arrays("real", np.zeros((5, 32, 32), np.uint8)))
    5
    """
    return ImageSet(
        name, images, _plain_table(_numbered(len(images))) if table is None else table, pixel_size
    )


def load_images(
    path: Path,
    conditions: Path | None,
    *,
    name: str,
    where: Sequence[str] = (),
    planes: Planes = "each",
    grains: Grains = "none",
    **reading: Any,
) -> Steps[Loaded]:
    """Read a folder of images or a stack, with their conditions.

    Parameters
    ----------
    path : Path
        Folder (each file one image, subfolders included) or a stack (each plane one image).
    conditions : Path or None
        CSV with one row per image; rows name the files of a folder, and stand in the order of the
        planes of a stack.
    name : str
        What the images are called in messages.
    where : sequence of str
        Rows to keep, see `read_conditions`.
    planes : {"one", "each"}
        ``one``: the planes of a stack are one micrograph, unless their table names micrographs or
        gives them different conditions.
    grains : {"none", "distance", "labels"}
        ``distance``: images are distances to the boundaries of grains, in pixels. ``labels``: they are
        numbers of grains, and are turned into distances.
    **reading
        Further fields of `io.conditions.Reading`.

    Raises
    ------
    InputNotFoundError
        If there is nothing there.
    ShapeMismatchError
        If pixel sizes within the set differ.
    TableError
        If a stack has another number of planes than the table has rows.
    """
    path = Path(path)
    if not path.exists():
        raise InputNotFoundError(f"{path} does not exist; give a folder of images or a stack.")
    folder = path.is_dir() and path.suffix.lower() != ".zarr"
    table: ConditionTable | None
    if folder:
        table, files = _files_of(path, conditions, where, reading)
        volumes = []
        for index, file in enumerate(files):
            yield Progress(index, len(files), f"reading {name} images")
            volumes.append(read(file))
    else:
        yield Progress(0, 1, f"reading {name} images")
        volumes = [read(path)]
        table = None if conditions is None else read_conditions(conditions, where=where, **reading)
    found = [_pictures(volume, name, grains) for volume in volumes]
    pictures = tuple(picture for several in found for picture in several)
    origins = tuple(
        Origin(str(volume.source or path), plane)
        for volume, several in zip(volumes, found, strict=True)
        for plane in range(len(several))
    )
    if table is None:
        table = _plain_table(_numbered(len(pictures)))
    elif len(table) != len(pictures):
        raise TableError(
            f"{path} holds {len(pictures)} images but {conditions} has {len(table)} rows; give one row per "
            f"image, in order."
        )
    pixel_size = _pixel_size(volumes, table, name)
    notes: tuple[str, ...] = ()
    if not folder:
        table, notes = _grouped(table, path, planes)
    return Loaded(name, pictures, table, pixel_size, notes, origins)


def cut_alike(sets: Sequence[Loaded], patch: int | None) -> list[ImageSet]:
    """Cut the images of several sets to patches of one shape, without overlap.

    Parameters
    ----------
    sets : sequence of Loaded
        What was read.
    patch : int or None
        Edge in pixels. None: images of one common shape stay whole; otherwise the smallest edge of all.

    Raises
    ------
    ParameterError
        If an image is smaller than the patch.
    """
    shapes = {picture.shape for loaded in sets for picture in loaded.pictures}
    if not shapes:
        raise InputNotFoundError("There are no images to compare.")
    smallest = min(min(shape) for shape in shapes)
    if patch is None:
        shape = shapes.pop() if len(shapes) == 1 else (smallest, smallest)
    elif patch > smallest or patch < 16:
        raise ParameterError(f"patch is {patch}; expected 16 to {smallest}, the smallest edge of an image.")
    else:
        shape = (patch, patch)
    if min(shape) < 16:
        raise ParameterError(
            f"The smallest image has {shape[0]} x {shape[1]} pixels; a comparison needs at least 16 x 16."
        )
    return [_cut(loaded, (int(shape[0]), int(shape[1]))) for loaded in sets]


def common_pixel_size(sets: Sequence[ImageSet | Loaded]) -> tuple[float | None, str | None]:
    """Return the pixel size of several sets and a remark, after checking that they agree.

    Raises
    ------
    ShapeMismatchError
        If two sets have different pixel sizes; both are named.
    """
    known = [s for s in sets if s.pixel_size is not None]
    for other in known[1:]:
        first = known[0]
        assert first.pixel_size is not None  # filtered above
        assert other.pixel_size is not None
        if abs(other.pixel_size - first.pixel_size) > TOLERANCE * first.pixel_size:
            raise ShapeMismatchError(
                f"The {first.name} images have a pixel size of {first.pixel_size:.6g} um, the {other.name} "
                f"images {other.pixel_size:.6g} um. Resample one of them: images of different scale cannot "
                f"be compared."
            )
    if len(known) == len(sets):
        return known[0].pixel_size, None
    unknown = " and ".join(s.name for s in sets if s.pixel_size is None)
    return None, f"the pixel size of the {unknown} images is unknown: lengths are in pixels, and not checked"


def grey_limits(sets: Sequence[ImageSet]) -> tuple[float, float]:
    """Return grey values to show as black and white in several sets alike: all but a thousandth lie between.

    Examples
    --------
    >>> grey_limits([of_arrays("real", np.array([[[0, 1], [1, 0]]]))])
    (0.0, 1.0)
    """
    ends = [np.percentile(images.images[:: -(-len(images) // _SAMPLED)], (0.1, 99.9)) for images in sets]
    low, high = float(min(e[0] for e in ends)), float(max(e[1] for e in ends))
    return (low, high) if high > low else (low, low + 1.0)


def _files_of(
    folder: Path, conditions: Path | None, where: Sequence[str], reading: dict[str, Any]
) -> tuple[ConditionTable, Sequence[Path]]:
    if conditions is not None:
        found = read_condition_images(folder, conditions, extra="leave out", where=where, **reading)
        return found.table, found.paths
    files = image_files(folder)
    return _plain_table([file.relative_to(folder).as_posix() for file in files]), files


def _pictures(volume: Volume, name: str, grains: Grains) -> list[np.ndarray]:
    require_grey(volume, f"comparing {name} images")
    if grains == "labels":
        return [distance_of_labels(plane) for plane in require_labels(volume, f"comparing {name}").planes()]
    pictures = [np.asarray(plane) for plane in volume.planes()]
    if grains == "distance":
        return [np.asarray(picture, np.float32) for picture in pictures]
    for picture in pictures:
        if picture.dtype.kind == "f" and (picture.min() < 0 or picture.max() > 1):
            raise NonFiniteError(
                f"{volume.name} holds decimal grey values from {picture.min():g} to {picture.max():g}; scale "
                f"them to 0 to 1, or store the image with 8 or 16 bits."
            )
    return pictures


def _pixel_size(volumes: Sequence[Volume], table: ConditionTable, name: str) -> float | None:
    """Return the one pixel size of all images: that of the table, or else that of the files."""
    from ..units import convert_length

    if table.pixel_sizes is not None:
        sizes = {
            image: convert_length(float(size), table.pixel_unit, "um")
            for image, size in zip(table.images, table.pixel_sizes, strict=True)
            if not np.isnan(size)
        }
    else:
        sizes = {
            v.name: convert_length(v.voxel_size_zyx[2], v.unit, "um")
            for v in volumes
            if v.voxel_size_zyx[2] is not None and v.unit is not None
        }
        if len(sizes) < len({v.name for v in volumes}):
            return None
    if not sizes:
        return None
    low, high = min(sizes, key=lambda k: sizes[k]), max(sizes, key=lambda k: sizes[k])
    if sizes[high] - sizes[low] > TOLERANCE * sizes[low]:
        raise ShapeMismatchError(
            f"The {name} images differ in pixel size: {low} has {sizes[low]:.6g} um, {high} "
            f"{sizes[high]:.6g} um. Keep images of one pixel size, or resample them."
        )
    return float(np.median(list(sizes.values())))


def _grouped(table: ConditionTable, path: Path, planes: Planes) -> tuple[ConditionTable, tuple[str, ...]]:
    """Return the table of a stack with its planes grouped, and what to say of it."""
    if table.micrographs != table.images or len(table) == 1:
        return table, ()
    alike = not table.conditions or len(table.groups("condition")[1]) == 1
    if planes == "one" and alike:
        one = replace(table, micrographs=(path.name,) * len(table))
        return one, (
            f"the planes of {path.name} count as one micrograph, as slices of a volume do; if they are "
            f"images of their own, say so (--planes each), or name micrographs in its table",
        )
    return table, ()


def _picked(origins: tuple[Origin, ...], rows: np.ndarray) -> tuple[Origin, ...]:
    """Return the origins of some rows, given as numbers or as a mask."""
    return tuple(origins[k] for k in np.arange(len(origins))[rows]) if origins else ()


def _cut(loaded: Loaded, shape: tuple[int, int]) -> ImageSet:
    pieces: list[np.ndarray] = []
    owners: list[int] = []
    origins: list[Origin] = []
    for index, picture in enumerate(loaded.pictures):
        counts = [n // edge for n, edge in zip(picture.shape, shape, strict=True)]
        starts = [(n - k * edge) // 2 for n, k, edge in zip(picture.shape, counts, shape, strict=True)]
        for row in range(counts[0]):
            for column in range(counts[1]):
                y, x = starts[0] + row * shape[0], starts[1] + column * shape[1]
                pieces.append(picture[y : y + shape[0], x : x + shape[1]])
                owners.append(index)
                if loaded.origins:
                    origins.append(loaded.origins[index]._replace(row=y, column=x))
    kinds = {piece.dtype for piece in pieces}
    if len(kinds) > 1:
        raise ShapeMismatchError(
            f"The {loaded.name} images have values of types {', '.join(sorted(map(str, kinds)))}; store them "
            f"alike, so that grey values mean the same."
        )
    table = loaded.table.select(owners)
    return ImageSet(loaded.name, np.stack(pieces), table, loaded.pixel_size, loaded.notes, tuple(origins))


def _numbered(count: int) -> list[str]:
    return [f"image {k}" for k in range(1, count + 1)]


def _plain_table(images: Sequence[str]) -> ConditionTable:
    return ConditionTable((), (), tuple(images))

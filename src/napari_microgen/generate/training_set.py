"""The micrographs of a training with their conditions, ready to give patches at random."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..conditions import ConditionTable
from ..errors import ParameterError, ShapeMismatchError, UnknownVoxelSizeError
from ..io.limits import allocate
from ..io.reading import read
from ..progress import Progress, Steps
from ..units import convert_length
from ..volume import Volume, require_grey
from .grey import GreyScale, scale_of

Augment = Literal["none", "flips", "isotropic"]
SAME_SIZE = 1e-3
"""Relative difference up to which two pixel sizes count as the same."""


@dataclass(frozen=True)
class Micrograph:
    """One plane of the training."""

    data: np.ndarray
    """Grey values, shape (R, C)."""
    row: int
    """Its row in the table of conditions."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Whole micrographs in memory; patches are cut at random when they are needed."""

    table: ConditionTable
    """Conditions of the images, one row each."""
    planes: tuple[Micrograph, ...]
    """Every plane of every image."""
    scale: GreyScale
    """What black and white are."""
    size: int
    """Side of a patch in px."""
    pixel_size: float | None
    """Edge of a pixel of the patches in `unit`; None if unknown."""
    unit: str | None
    augment: Augment
    """Which mirrored and turned patches count as real ones too."""
    sha256: str
    """Hash of images and conditions."""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        by_row: list[list[int]] = [[] for _ in range(len(self.table))]
        for number, plane in enumerate(self.planes):
            by_row[plane.row].append(number)
        object.__setattr__(self, "_planes_of", by_row)

    def planes_of(self, row: int) -> list[int]:
        """Return the numbers of the planes of one row of the table."""
        planes: list[list[int]] = self._planes_of  # type: ignore[attr-defined]
        return planes[row]

    def patches_of(self, row: int) -> float:
        """Return how many separate patches the images of one row hold."""
        return sum(self.planes[n].data.size / self.size**2 for n in self.planes_of(row))

    def mean_of(self, rows: Sequence[int] | np.ndarray) -> float:
        """Return the mean of the whole micrographs of some rows, of numbers from -1 to 1."""
        planes = [self.planes[n].data for row in rows for n in self.planes_of(int(row))]
        total = sum(float(plane.mean(dtype=np.float64)) * plane.size for plane in planes)
        return float(self.scale.forward(np.array(total / sum(plane.size for plane in planes))))

    def patch(self, row: int, random: np.random.Generator) -> np.ndarray:
        """Return a random patch of a row's image as numbers from -1 to 1, shape (size, size)."""
        planes = self.planes_of(row)
        data = self.planes[planes[int(random.integers(len(planes)))]].data
        top, left = (self._start(n, random) for n in data.shape)
        turned = data[top : top + self.size, left : left + self.size]
        if self.augment == "isotropic":
            turned = np.rot90(turned, int(random.integers(4)))
        if self.augment != "none" and random.integers(2):
            turned = turned[:, ::-1]
        return self.scale.forward(turned)

    def _start(self, length: int, random: np.random.Generator) -> int:
        """Return where a patch starts along an edge of a micrograph.

        Half a patch over the border is drawn too and moved back. Otherwise the border would be seen less
        often than the middle, and the means of micrographs with large structures would shift.
        """
        half = self.size // 2
        return int(np.clip(random.integers(-half, length - self.size + half + 1), 0, length - self.size))

    def patches(self, rows: Sequence[int] | np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return a random patch of each of the rows, shape (rows, 1, size, size), float32."""
        return np.stack([self.patch(int(row), random) for row in rows])[:, None]

    def means(self, rows: Sequence[int] | np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the mean of a random patch of each of the rows."""
        return np.array([float(self.patch(int(row), random).mean()) for row in rows])


def load_training_set(
    table: ConditionTable,
    paths: Sequence[Path],
    *,
    patch_size: int,
    crop_size: int | None = None,
    pixel_size: float | None = None,
    augment: Augment = "none",
) -> Steps[TrainingSet]:
    """Read the images of a table of conditions.

    Parameters
    ----------
    table : ConditionTable
        One row per image.
    paths : sequence of Path
        The image of each row.
    patch_size : int
        Side of the patches the generator learns, in px.
    crop_size : int, optional
        Side of the crops of the micrographs that become one patch each, in px: 128 with a
        patch size of 64 halves the resolution (Lanczos).
    pixel_size : float, optional
        Edge that the pixels of all images are brought to first, in the length unit of the
        table; needed where images were taken at different magnifications.
    augment : {"none", "flips", "isotropic"}
        Which mirrored and turned patches count as real.

    Raises
    ------
    ShapeMismatchError
        If an image is smaller than a patch.
    UnknownVoxelSizeError
        If pixel sizes differ, or are needed and not known.
    """
    loaded: list[tuple[Volume, float | None]] = []
    for number, path in enumerate(paths):
        yield Progress(number, 2 * len(paths), f"reading {path.name}")
        volume = read(path)
        require_grey(volume, "training a generator")
        loaded.append((volume, _edge_of(table, number, volume)))
    target = _common_edge(loaded, table, pixel_size, paths)
    shrink = (crop_size or patch_size) / patch_size
    planes: list[Micrograph] = []
    digest = sha256(table.content_hash().encode())
    for row, (volume, edge) in enumerate(loaded):
        yield Progress(len(loaded) + row, 2 * len(loaded), f"preparing {paths[row].name}")
        digest.update(volume.content_hash().encode())
        factor = shrink if target is None or edge is None else shrink * target / edge
        planes += (Micrograph(resampled(plane, factor), row) for plane in volume.planes())
    _require_large(planes, patch_size, paths)
    digest.update(f"{patch_size} {shrink} {target}".encode())
    scale = _measured_scale([volume for volume, _ in loaded])
    edge = target if target is not None else None
    return TrainingSet(
        table,
        _packed(planes),
        scale,
        patch_size,
        None if edge is None else edge * shrink,
        table.pixel_unit if edge is not None else None,
        augment,
        digest.hexdigest(),
        _notes(loaded, target),
    )


def _edge_of(table: ConditionTable, row: int, volume: Volume) -> float | None:
    """Return the pixel edge of an image in the unit of the table: from the table, else from the file."""
    if table.pixel_sizes is not None and np.isfinite(table.pixel_sizes[row]):
        return float(table.pixel_sizes[row])
    edge = volume.voxel_size_zyx[2]
    if edge is None or volume.unit is None:
        return None
    return float(convert_length(edge, volume.unit, table.pixel_unit))


def _common_edge(
    loaded: Sequence[tuple[Volume, float | None]],
    table: ConditionTable,
    wanted: float | None,
    paths: Sequence[Path],
) -> float | None:
    """Return the pixel edge of all images, or the one they are to be brought to."""
    known = [edge for _, edge in loaded if edge is not None]
    if wanted is not None:
        if not wanted > 0:
            raise ParameterError(f"pixel_size is {wanted:g}; it must be above 0.")
        unknown = [path.name for path, (_, edge) in zip(paths, loaded, strict=True) if edge is None]
        if unknown:
            raise UnknownVoxelSizeError(
                f"The pixel size of {', '.join(unknown[:5])}{' ...' if len(unknown) > 5 else ''} is not "
                f"known, so it cannot be brought to {wanted:g} {table.pixel_unit}. Give it in the table."
            )
        return wanted
    if not known:
        return None
    if max(known) - min(known) > SAME_SIZE * max(known):
        raise UnknownVoxelSizeError(
            f"The images have pixels of {min(known):g} to {max(known):g} {table.pixel_unit}. A generator "
            f"learns one magnification: give --pixel-size to bring all to one."
        )
    return known[0]


def resampled(plane: np.ndarray, factor: float) -> np.ndarray:
    """Return a plane made smaller by ``factor`` (Lanczos), in its own type of values."""
    if abs(factor - 1) <= SAME_SIZE:
        return np.asarray(plane)
    from PIL import Image

    rows, columns = (max(1, round(n / factor)) for n in plane.shape)
    picture = Image.fromarray(np.asarray(plane, np.float32))
    smaller = np.asarray(picture.resize((columns, rows), Image.Resampling.LANCZOS))
    if plane.dtype.kind in "iu":
        ends = np.iinfo(plane.dtype)
        return np.clip(np.rint(smaller), ends.min, ends.max).astype(plane.dtype)
    return np.clip(smaller, float(plane.min()), float(plane.max()))


def _require_large(planes: Sequence[Micrograph], size: int, paths: Sequence[Path]) -> None:
    small = sorted({paths[plane.row].name for plane in planes if min(plane.data.shape) < size})
    if small:
        raise ShapeMismatchError(
            f"{len(small)} images are smaller than a patch of {size} x {size} px, first "
            f"{', '.join(small[:5])}. Take smaller patches (--patch-size), or leave these images out."
        )


def _measured_scale(volumes: Sequence[Volume]) -> GreyScale:
    low, high, values, kinds = np.inf, -np.inf, set[float](), set[Any]()
    for volume in volumes:
        kinds.add(volume.dtype)
        for plane in volume.planes():
            low, high = min(low, float(plane.min())), max(high, float(plane.max()))
            if len(values) <= 2:
                values |= set(np.unique(plane)[:3].astype(float).tolist())
    dtype = max(kinds, key=lambda kind: np.dtype(kind).itemsize)
    return scale_of(low, high, np.dtype(dtype), values)


def _packed(planes: Sequence[Micrograph]) -> tuple[Micrograph, ...]:
    """Return the planes in one array that lies on disk if it does not fit into memory."""
    by_type: dict[np.dtype, int] = {}
    for plane in planes:
        by_type[plane.data.dtype] = by_type.get(plane.data.dtype, 0) + plane.data.size
    room = {dtype: allocate((count,), dtype) for dtype, count in by_type.items()}
    place = dict.fromkeys(by_type, 0)
    packed = []
    for plane in planes:
        data, start = plane.data, place[plane.data.dtype]
        view = room[data.dtype][start : start + data.size].reshape(data.shape)
        view[:] = data
        place[data.dtype] = start + data.size
        packed.append(Micrograph(view, plane.row))
    return tuple(packed)


def _notes(loaded: Sequence[tuple[Volume, float | None]], target: float | None) -> tuple[str, ...]:
    notes = []
    if target is None:
        notes.append("the pixel size of the images is not known, so generated images have none")
    elif any(edge is None for _, edge in loaded):
        notes.append("the pixel size of some images is not known and was taken to be that of the others")
    if target is not None:
        enlarged = sum(edge is not None and edge > target * (1 + SAME_SIZE) for _, edge in loaded)
        if enlarged:
            notes.append(
                f"{enlarged} images have larger pixels and were enlarged; they lack the finest details"
            )
    return tuple(notes)

"""A 2D image or a 3D volume with its axes, voxel size and origin."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from .errors import AxesError, LabelTypeError, NonFiniteError, UnknownVoxelSizeError
from .recipe import Recipe
from .units import canonical_unit, checked_voxel_size, convert_length

SPATIAL = "ZYX"
Kind = Literal["image", "labels"]


@dataclass(frozen=True)
class Volume:
    """An image or label map with axes, voxel size and what is known of its origin.

    The array is never changed by this package. Lengths that are not known are None.
    """

    data: Any
    """Array (numpy, dask or zarr) of shape given by ``axes``."""
    axes: str
    """One letter per dimension: Z plane, Y row, X column, C detector channel, S colour, T time."""
    voxel_size: tuple[float | None, ...] | None = None
    """Edge per spatial axis, in the order of ``axes`` and in ``unit``; None where unknown."""
    unit: str | None = None
    """Length unit of ``voxel_size``, such as ``"nm"``; None if no edge is known."""
    name: str = ""
    """A short name for people."""
    source: str | None = None
    """The path it was read from."""
    kind: Kind = "image"
    """``"image"`` for grey values, ``"labels"`` for whole-number classes."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Facts from the file: vendor, data bar rows, instrument settings."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the last operation has to say of this result (plain JSON values)."""
    notes: tuple[str, ...] = ()
    """Remarks for the user, such as "axes to be confirmed"."""
    recipe: Recipe | None = None
    """How it was made: of results, and of files whose recipe lies beside them and fits; else None."""

    def __post_init__(self) -> None:
        if len(self.axes) != self.data.ndim or len(set(self.axes)) != len(self.axes):
            raise AxesError(
                f"{self.name or 'The array'} has shape {tuple(self.data.shape)} but axes {self.axes!r}; "
                f"give one different letter per dimension, for example ZYX."
            )
        if self.voxel_size is None or all(edge is None for edge in self.voxel_size):
            object.__setattr__(self, "voxel_size", None)
            object.__setattr__(self, "unit", None)
            return
        if self.unit is None:
            raise UnknownVoxelSizeError(
                f"A voxel size {self.voxel_size} was given without its unit; name it, for example nm."
            )
        if len(self.voxel_size) != len(self.spatial_axes):
            raise AxesError(
                f"{len(self.voxel_size)} voxel edges were given for the spatial axes {self.spatial_axes!r}; "
                f"give one each, in this order."
            )
        object.__setattr__(self, "unit", canonical_unit(self.unit))
        object.__setattr__(self, "voxel_size", checked_voxel_size(self.voxel_size, self.unit))

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension, in the order of ``axes``."""
        return tuple(int(n) for n in self.data.shape)

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return np.dtype(self.data.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes the whole array would take in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def spatial_axes(self) -> str:
        """The letters of ``axes`` that are directions in space, in order."""
        return "".join(a for a in self.axes if a in SPATIAL)

    @property
    def is_stack(self) -> bool:
        """True if there is a plane axis."""
        return "Z" in self.axes

    @property
    def n_planes(self) -> int:
        """Number of planes; 1 for a 2D image."""
        return self.shape[self.axes.index("Z")] if self.is_stack else 1

    @property
    def voxel_size_zyx(self) -> tuple[float | None, float | None, float | None]:
        """Edges along plane, row and column; None where unknown or where there is no plane axis."""
        known = dict(zip(self.spatial_axes, self.voxel_size or (), strict=False))
        return known.get("Z"), known.get("Y"), known.get("X")

    def spacing(self, unit: str = "um") -> tuple[float, ...]:
        """Return the voxel edges of the spatial axes in ``unit``.

        Raises
        ------
        UnknownVoxelSizeError
            If an edge is not known.
        """
        if self.voxel_size is None or self.unit is None or None in self.voxel_size:
            raise UnknownVoxelSizeError(
                f"The voxel size of {self.name or 'this image'} is {self.voxel_size or 'unknown'}; a length "
                f"is needed. Give it: --voxel-size 25,18.6,18.6 --unit nm, or in the Load dock."
            )
        return tuple(convert_length(edge, self.unit, unit) for edge in self.voxel_size if edge is not None)

    def with_data(self, data: Any, **changes: Any) -> "Volume":
        """Return a copy with other data and the same axes and voxel size; facts and recipe start afresh."""
        fresh: dict[str, Any] = {"facts": {}, "recipe": None, "source": None, "notes": ()}
        return replace(self, data=data, **(fresh | changes))

    def plane(self, index: int) -> np.ndarray:
        """Return one plane as a numpy array, shape (R, C), or (channels, R, C) with a channel axis."""
        data = self.data
        if self.is_stack:
            where = self.axes.index("Z")
            data = data[(slice(None),) * where + (index,)]
        elif index != 0:
            raise IndexError(f"plane {index} of a 2D image")
        return np.asarray(data)

    def planes(self) -> Iterator[np.ndarray]:
        """Yield each plane in turn; a 2D image is one plane."""
        return (self.plane(k) for k in range(self.n_planes))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = np.asarray(self.data)
        return array if dtype is None else array.astype(dtype, copy=False)

    def content_hash(self) -> str:
        """Return the sha256 of type, shape, axes, voxel size and values."""
        head = (
            f"{self.dtype.newbyteorder('=').str[1:]} {self.shape} {self.axes} {self.voxel_size} {self.unit}"
        )
        digest = hashlib.sha256(head.encode())
        for slab in self._slabs():
            digest.update(np.ascontiguousarray(slab).astype(self.dtype.newbyteorder("="), copy=False).data)
        return digest.hexdigest()

    def _slabs(self) -> Iterator[np.ndarray]:
        if self.data.ndim < 3:
            yield np.asarray(self.data)
            return
        for index in range(self.shape[0]):
            yield np.asarray(self.data[index])


def require_grey(volume: Volume, work: str, *, channels: bool = False) -> None:
    """Refuse anything that is not one grey plane or stack.

    Parameters
    ----------
    volume : Volume
        The image an operation was given.
    work : str
        What the operation does, for the message ("segmentation").
    channels : bool
        Allow a detector channel axis C in front.

    Raises
    ------
    AxesError
        If there is a colour, time or channel axis, or an axis of length 0.
    NonFiniteError
        If a plane holds NaN or infinite values; the count and the first place are named.
    """
    allowed = ("YX", "ZYX", "CYX", "CZYX") if channels else ("YX", "ZYX")
    name = volume.name or volume.source or "The image"
    if volume.axes not in allowed:
        kinds = {"S": "colour", "C": "several channels", "T": "a time axis"}
        why = ", ".join(text for letter, text in kinds.items() if letter in volume.axes) or "other axes"
        raise AxesError(
            f"{name} has axes {volume.axes!r} ({why}), but {work} needs one grey channel with axes "
            f"{' or '.join(allowed)}. Choose one with --channel or in the Load dock, or say what the axes "
            f"are with --axes."
        )
    if 0 in volume.shape:
        raise AxesError(f"{name} has shape {volume.shape}: an axis of length 0 leaves nothing for {work}.")
    if volume.dtype.kind == "f":
        _require_finite(volume, name)
    elif volume.dtype.kind not in "biu":
        raise AxesError(f"{name} has values of type {volume.dtype}, but {work} needs grey values.")


def _require_finite(volume: Volume, name: str) -> None:
    bad, first = 0, None
    for index, plane in enumerate(volume.planes()):
        wrong = ~np.isfinite(plane)
        count = int(np.count_nonzero(wrong))
        if count and first is None:
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            first = (index, *place) if volume.is_stack else place
        bad += count
    if bad:
        raise NonFiniteError(
            f"{name} holds {bad} NaN or infinite values of {int(np.prod(volume.shape))}, first at {first}. "
            f"Replace them before this step, or crop them away."
        )


def require_labels(volume: Volume, work: str) -> Volume:
    """Return a label volume of whole numbers; whole-valued floats are converted with a note.

    Raises
    ------
    AxesError
        If the axes are not YX or ZYX, or an axis has length 0.
    LabelTypeError
        If values are not whole numbers.
    """
    require_grey(volume, work)
    if volume.dtype.kind in "iu":
        return volume
    if volume.dtype.kind == "b":
        return replace(volume, data=np.asarray(volume.data).astype(np.uint8), kind="labels")
    array = np.asarray(volume.data)
    if not np.array_equal(array, np.rint(array)):
        first = tuple(int(i) for i in np.argwhere(array != np.rint(array))[0])
        raise LabelTypeError(
            f"{volume.name or 'The labels'} hold {array[first]:g} at {first}; {work} needs whole-number "
            f"labels. Segment the image first, or give the label image."
        )
    note = "labels were stored as decimal numbers and have been read as whole numbers"
    return replace(volume, data=array.astype(np.int64), kind="labels", notes=(*volume.notes, note))

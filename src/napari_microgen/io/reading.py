"""Read an image or label volume from a file, a folder of slices or an OME-Zarr store."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import AxesError, InputNotFoundError, ParameterError, ShapeMismatchError
from ..units import canonical_unit, convert_length
from ..volume import SPATIAL, Volume
from .colour import grey_where_equal
from .formats import open_any
from .lazy import settle
from .opened import Opened, Scale
from .recipes import with_recipe

TOLERANCE = 1e-6
"""Relative difference of pixel sizes that counts as none."""


def read(
    path: Path | str,
    *,
    axes: str | None = None,
    voxel_size: Sequence[float | None] | None = None,
    unit: str | None = None,
    channel: int | None = None,
    kind: Literal["image", "labels"] = "image",
    allow_partial: bool = False,
) -> Volume:
    """Read an image or a label map with its voxel size.

    Parameters
    ----------
    path : Path or str
        TIFF (2D, multi-page, ImageJ, OME, BigTIFF), PNG, JPEG, BMP, NPY, a folder of
        slices, or an OME-Zarr store. ``a.tif+b.tif`` stacks detectors of one scene
        into a leading channel axis.
    axes : str, optional
        What the dimensions are, one letter each (``"ZYX"``), where the file does not say
        or is wrong.
    voxel_size : sequence of 2 or 3 floats, optional
        Edge along plane, row and column, or row and column, in ``unit``; wins over the
        file. For a 2D image the plane edge is left out.
    unit : str, optional
        Length unit of ``voxel_size``; alone, the unit to state a known size in.
    channel : int, optional
        Take one channel of axis C or one colour of axis S, counted from 0.
    kind : {"image", "labels"}
        Grey values, or whole-number classes (palette indices are then kept).
    allow_partial : bool
        Read what is there of a damaged file; a note says what is missing.

    Returns
    -------
    Volume
        With numpy data up to 64 MiB and a dask array, one chunk per plane, above.

    Raises
    ------
    InputNotFoundError
        If there is nothing of this name, or an empty folder.
    FileFormatError
        If it is of a kind that cannot be read.
    CorruptFileError, IncompleteVolumeError
        If it is cut or holds less than it declares.
    AxesError, ShapeMismatchError
        If axes or detectors do not fit.
    MemoryLimitError
        If one plane alone is larger than memory.
    """
    said = _said(axes=axes, voxel_size=voxel_size, unit=unit, channel=channel)
    parts = detector_paths(path)
    if len(parts) == 1:
        volume = _read_one(parts[0], said, kind, allow_partial)
    else:
        volume = _read_detectors(parts, str(path), said, kind, allow_partial)
    reading = said | ({"allow_partial": True} if allow_partial else {})
    return with_recipe(replace(volume, metadata=volume.metadata | ({"reading": reading} if reading else {})))


def detector_paths(path: Path | str) -> list[Path]:
    """Return the files that ``a.tif+b.tif`` stands for; one path if a file has that literal name.

    Raises
    ------
    InputNotFoundError
        If a file does not exist.
    """
    text = str(path)
    if "+" not in text or _exists(Path(text)):
        return [_existing(Path(text))]
    found: list[Path] = []
    pieces, pending = text.split("+"), ""
    for piece in pieces:
        pending = f"{pending}+{piece}" if pending else piece
        candidate = Path(pending)
        if found and candidate.parent == Path() and not _exists(candidate):
            candidate = found[0].parent / pending
        if pending and _exists(candidate):
            found.append(candidate)
            pending = ""
    return [*found, *([_existing(Path(pending))] if pending else [])]


def _read_detectors(
    parts: Sequence[Path],
    name: str,
    said: dict[str, Any],
    kind: Literal["image", "labels"],
    allow_partial: bool,
) -> Volume:
    """Read each detector and stack them; ``channel`` then chooses one of them."""
    each = {key: value for key, value in said.items() if key != "channel"}
    if len(each.get("axes", "")) > 1 and each["axes"].startswith("C"):
        each["axes"] = each["axes"][1:]
    if "channel" not in said:
        return stack_detectors([_read_one(part, each, kind, allow_partial) for part in parts], name)
    channel = int(said["channel"])
    if not 0 <= channel < len(parts):
        raise ParameterError(
            f"Channel {channel} was asked of {name}, which has channels 0 to {len(parts) - 1}."
        )
    return replace(_read_one(parts[channel], each, kind, allow_partial), source=name)


def stack_detectors(volumes: Sequence[Volume], name: str) -> Volume:
    """Return images of one scene as channels of one volume, axis C in front.

    Raises
    ------
    ShapeMismatchError
        If shapes, axes or voxel sizes differ.
    """
    first = volumes[0]
    for other in volumes[1:]:
        if (other.shape, other.axes) != (first.shape, first.axes) or "C" in first.axes:
            raise ShapeMismatchError(
                f"{first.name} has shape {first.shape} and axes {first.axes}, {other.name} has {other.shape} "
                f"and {other.axes}; detectors of one scene need the same shape and no channel axis of their "
                "own."
            )
        _require_same_size(first, other)
    dtype = np.result_type(*(v.dtype for v in volumes))
    if all(isinstance(v.data, np.ndarray) for v in volumes):
        data: Any = np.stack([v.data.astype(dtype, copy=False) for v in volumes])
    else:
        import dask.array

        data = dask.array.stack([dask.array.asarray(v.data).astype(dtype) for v in volumes])
    sized = next((v for v in volumes if v.voxel_size is not None), first)
    notes = tuple(dict.fromkeys(note for v in volumes for note in v.notes))
    metadata = first.metadata | {"channels": [v.name for v in volumes]}
    return replace(
        sized, data=data, axes="C" + first.axes, name=first.name, source=name, notes=notes, metadata=metadata
    )


def _require_same_size(first: Volume, other: Volume) -> None:
    if first.voxel_size is None or other.voxel_size is None or first.unit is None or other.unit is None:
        return
    for a, b in zip(first.voxel_size, other.voxel_size, strict=True):
        if a is None or b is None:
            continue
        if abs(convert_length(b, other.unit, first.unit) - a) > TOLERANCE * a:
            raise ShapeMismatchError(
                f"{first.name} has voxel size {first.voxel_size} {first.unit}, {other.name} "
                f"{other.voxel_size} {other.unit}; detectors of one scene need the same. Say the right one "
                "with --voxel-size and --unit."
            )


def _said(**given: Any) -> dict[str, Any]:
    """Return what the user said, as plain JSON values."""
    said = {name: value for name, value in given.items() if value is not None}
    if "voxel_size" in said:
        said["voxel_size"] = [None if edge is None else float(edge) for edge in said["voxel_size"]]
    if "axes" in said:
        said["axes"] = str(said["axes"]).strip().upper()
    return said


def _read_one(
    path: Path, said: dict[str, Any], kind: Literal["image", "labels"], allow_partial: bool
) -> Volume:
    name = path.name or str(path)
    opened = open_any(path, kind=kind, allow_partial=allow_partial)
    opened = _with_axes(opened, said.get("axes"), name)
    if "channel" in said:
        opened = _choose_channel(opened, int(said["channel"]), name)
    else:
        opened = grey_where_equal(opened, name)
    edges, unit = _voxel_size(opened.scale, opened.axes, said)
    notes = [*opened.notes, *opened.scale.notes]
    if "unit" in said and edges is None:
        notes.append(f"the unit {said['unit']} was given but no voxel size is known")
    metadata: dict[str, Any] = {"kind_of_file": opened.kind_of_file} | dict(opened.metadata)
    if opened.scale.vendor:
        metadata["vendor"] = opened.scale.vendor
    if opened.scale.facts:
        metadata["instrument"] = dict(opened.scale.facts)
    if opened.scale.data_bar_rows:
        metadata["data_bar_rows"] = opened.scale.data_bar_rows
    return Volume(
        settle(opened.data, name),
        opened.axes,
        edges,
        unit,
        name=path.stem.removesuffix(".ome"),
        source=str(path),
        kind=kind,
        metadata=metadata,
        notes=tuple(dict.fromkeys(notes)),
    )


def _with_axes(opened: Opened, axes: str | None, name: str) -> Opened:
    """Put the user's axes on, or read axes without a name as planes and say so."""
    shape = tuple(opened.data.shape)
    if axes is not None:
        if len(axes) != len(shape) or len(set(axes)) != len(axes) or not axes.isalpha():
            raise AxesError(
                f"{name} has shape {shape}, but the axes {axes!r} were given; give one different letter per "
                f"dimension, for example {'ZYX'[-len(shape) :] if len(shape) <= 3 else 'CZYX'}."
            )
        if opened.axes.endswith("S") and "S" not in axes:  # colours that are planes in truth
            return replace(opened, data=np.moveaxis(settle(opened.data, name), -1, 0), axes=axes)
        return replace(opened, axes=axes)
    unknown = [i for i, letter in enumerate(opened.axes) if letter in "QI"]
    if not unknown:
        return opened
    letters = list(opened.axes)
    spare = iter("QIJKLMNOPUVW")
    for i in unknown:
        letters[i] = next(spare)
    if "Z" not in opened.axes:
        letters[unknown[-1]] = "Z"
    confirmed = "".join(letters)
    note = f"axes to be confirmed: the file does not name them; shape {shape} is read as {confirmed}"
    return replace(opened, axes=confirmed, notes=(*opened.notes, note))


def _choose_channel(opened: Opened, channel: int, name: str) -> Opened:
    letter = next((a for a in "CS" if a in opened.axes), None)
    if letter is None:
        raise ParameterError(
            f"Channel {channel} was asked of {name}, which has axes {opened.axes}: no channel axis."
        )
    where = opened.axes.index(letter)
    count = opened.data.shape[where]
    if not 0 <= channel < count:
        raise ParameterError(f"Channel {channel} was asked of {name}, which has channels 0 to {count - 1}.")
    data = settle(opened.data, name)[(slice(None),) * where + (channel,)]
    return replace(opened, data=data, axes=opened.axes.replace(letter, ""))


def _voxel_size(
    scale: Scale, axes: str, said: dict[str, Any]
) -> tuple[tuple[float | None, ...] | None, str | None]:
    """Return the edges in the order of the spatial axes and their unit; what was said wins."""
    spatial = [a for a in axes if a in SPATIAL]
    unit = canonical_unit(said["unit"]) if "unit" in said else None
    if "voxel_size" in said:
        given: list[float | None] = said["voxel_size"]
        if len(given) not in (2, 3):
            raise ParameterError(
                f"{len(given)} voxel edges were given; give plane, row and column, or row and column, for "
                "example --voxel-size 25,18.6,18.6."
            )
        if all(edge is None for edge in given):
            return None, None
        by_letter = dict(zip("ZYX"[-len(given) :], given, strict=True))
        return tuple(by_letter.get(a) for a in spatial), unit
    if not scale.edges or scale.unit is None:
        return None, None
    known = {a: convert_length(e, scale.unit, unit) if unit else e for a, e in scale.edges.items()}
    edges = tuple(known.get(a) for a in spatial)
    return (None, None) if all(e is None for e in edges) else (edges, unit or scale.unit)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a null character
        return False


def _existing(path: Path) -> Path:
    if not _exists(path):
        raise InputNotFoundError(
            f"{path} does not exist. Check the name; relative paths start at {Path.cwd()}."
        )
    return path

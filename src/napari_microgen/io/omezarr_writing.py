"""Write OME-Zarr 0.5 (Zarr 3) with a pyramid, plane by plane."""

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import AxesError, FileFormatError
from ..progress import Progress
from ..volume import Volume
from . import description
from .atomic import atomic_path
from .orderly_store import OrderlyStore
from .zarr_manifest import write_manifest

CHUNK = 1024
"""Rows and columns of one chunk at most; a chunk is one plane thick, as planes are what is read."""
SMALLEST = 256
"""The pyramid ends when no spatial axis is longer than this."""
UNITS = {"pm": "picometer", "angstrom": "angstrom", "nm": "nanometer", "um": "micrometer", "mm": "millimeter",
         "cm": "centimeter", "inch": "inch", "m": "meter"}  # fmt: skip
_KINDS = {"T": "time", "C": "channel"}


def write_zarr(volume: Volume, path: Path) -> Iterator[Progress]:
    """Write a volume as OME-Zarr 0.5 with its voxel size, a pyramid and a list of its chunks.

    Raises
    ------
    AxesError
        If the axes are not in the order T, C, Z, Y, X that the format asks for.
    FileFormatError
        If values are not plain numbers.
    SaveError
        If it cannot be written.
    """
    import zarr

    if volume.axes != "".join(a for a in "TCZYX" if a in volume.axes) or not volume.axes.endswith("YX"):
        raise AxesError(
            f"A volume with axes {volume.axes} cannot be written as OME-Zarr, which knows T, C, Z, Y, X in "
            "this order. Choose a channel or write .tif."
        )
    if volume.dtype.kind not in "biuf":
        raise FileFormatError(
            f"{volume.dtype} values cannot be written as OME-Zarr; convert them to plain numbers."
        )
    with atomic_path(path) as temporary:
        store = OrderlyStore(temporary)
        try:
            yield from _fill(zarr.open_group(store, mode="w", zarr_format=3), volume, path.name)
        finally:
            store.stop()
        write_manifest(temporary)


def _fill(group: Any, volume: Volume, name: str) -> Iterator[Progress]:
    """Write level 0 plane by plane, each further level from the one before, and the attributes."""
    factors = _pyramid(volume)
    levels = []
    for level, factor in enumerate(factors):
        shape = tuple(math.ceil(n / f) for n, f in zip(volume.shape, factor, strict=True))
        levels.append(_create(group, str(level), shape, volume))
    total = sum(math.prod(level.shape[:-2]) for level in levels)
    done = itertools.count(1)
    for index in np.ndindex(*volume.shape[:-2]):
        plane = np.asarray(volume.data[index] if index else volume.data)
        levels[0][index] = plane.astype(volume.dtype.newbyteorder("="), copy=False)
        yield Progress(next(done), total, f"writing {name}")
    for (finer, fine), (coarser, coarse) in itertools.pairwise(zip(levels, factors, strict=True)):
        steps = tuple(b // a for a, b in zip(fine, coarse, strict=True))
        for index in np.ndindex(*coarser.shape[:-2]):
            coarser[index] = _shrunk(finer, index, steps, volume.kind)
            yield Progress(next(done), total, f"writing {name}, coarser levels")
    group.attrs.update(_attributes(volume, factors))


def _create(group: Any, name: str, shape: tuple[int, ...], volume: Volume) -> Any:
    from zarr.codecs import ZstdCodec

    chunks = (1,) * (len(shape) - 2) + tuple(min(n, CHUNK) for n in shape[-2:])
    return group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=volume.dtype.newbyteorder("="),
        compressors=ZstdCodec(level=1, checksum=True),
        fill_value=0,
        dimension_names=[a.lower() for a in volume.axes],
        config={"write_empty_chunks": True},
    )


def _pyramid(volume: Volume) -> list[tuple[int, ...]]:
    """Return for each level by how much each axis is shrunk: halves along every long spatial axis."""
    factors = [(1,) * len(volume.axes)]
    while True:
        last = factors[-1]
        shape = [math.ceil(n / f) for n, f in zip(volume.shape, last, strict=True)]
        halved = tuple(
            f * 2 if letter in "ZYX" and n > SMALLEST else f
            for letter, n, f in zip(volume.axes, shape, last, strict=True)
        )
        if halved == last:
            return factors
        factors.append(halved)


def _shrunk(finer: Any, index: tuple[int, ...], steps: tuple[int, ...], kind: str) -> np.ndarray:
    """Return a plane of a level from the next finer one: means of an image, every second value of labels."""
    first = tuple(i * s for i, s in zip(index, steps[:-2], strict=True))
    if kind == "labels" or finer.dtype == bool:
        return np.asarray(finer[first])[:: steps[-2], :: steps[-1]]
    both = [first]
    if index and steps[-3] == 2 and first[-1] + 1 < finer.shape[-3]:
        both.append((*first[:-1], first[-1] + 1))
    mean = np.mean([_mean(np.asarray(finer[i]), steps[-2], steps[-1]) for i in both], axis=0)
    return (np.rint(mean) if finer.dtype.kind in "iu" else mean).astype(finer.dtype)


def _mean(plane: np.ndarray, down: int, across: int) -> np.ndarray:
    """Return means over blocks; an odd last row or column is repeated."""
    rows, columns = plane.shape
    even = np.pad(plane, ((0, -rows % down), (0, -columns % across)), mode="edge").astype(np.float64)
    return even.reshape(even.shape[0] // down, down, even.shape[1] // across, across).mean(axis=(1, 3))


def _attributes(volume: Volume, factors: list[tuple[int, ...]]) -> dict[str, Any]:
    sizes = dict(zip("ZYX", volume.voxel_size_zyx, strict=True))
    axes = []
    for letter in volume.axes:
        axis = {"name": letter.lower(), "type": _KINDS.get(letter, "space")}
        if sizes.get(letter) is not None and volume.unit is not None:
            axis["unit"] = UNITS[volume.unit]
        axes.append(axis)
    datasets = []
    for level, factor in enumerate(factors):
        edges = [sizes.get(a) or 1.0 for a in volume.axes]
        scale = [e * f for e, f in zip(edges, factor, strict=True)]
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if level and volume.kind != "labels":
            shift = [e * (f - 1) / 2 for e, f in zip(edges, factor, strict=True)]
            transforms.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(level), "coordinateTransformations": transforms})
    method = "every second value" if volume.kind == "labels" else "mean of blocks"
    multiscale = {"name": volume.name, "axes": axes, "datasets": datasets, "type": method}
    content: dict[str, Any] = {"version": "0.5", "multiscales": [multiscale]}
    if volume.kind == "labels":
        content["image-label"] = {"version": "0.5"}
    return {"ome": content, description.KEY: description.describe(volume)}

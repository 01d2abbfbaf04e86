"""napari readers: files, folders of slices and OME-Zarr stores as layers that keep their size and unit."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..io.limits import allocate
from ..io.reading import read
from ..volume import Volume
from .layers import LayerTuple, layers_of

PYRAMID_FROM = 8192
"""Rows or columns from which a picture is given to napari with smaller copies."""


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerTuple]] | None:
    """Return the function that reads ``path``, or None if this is nothing for it."""
    paths = [path] if isinstance(path, str) else list(path)
    return read_layers if all(_readable(Path(p)) for p in paths) else None


def _readable(path: Path) -> bool:
    if path.suffix.lower() == ".zarr" or not path.is_dir():
        return True
    return any(entry.is_file() and not entry.name.startswith(".") for entry in path.iterdir())


def read_layers(path: str | Sequence[str]) -> list[LayerTuple]:
    """Read one path, or several as separate images, as napari layers; show what is to be noted."""
    from napari.utils.notifications import show_info

    layers: list[LayerTuple] = []
    for one in [path] if isinstance(path, str) else path:
        found, notes = load(one)
        layers += found
        for note in notes:
            show_info(note)
    return layers


def load(path: str | Path, **reading: Any) -> tuple[list[LayerTuple], list[str]]:
    """Read one path as napari layers, and return what the user should know of it.

    Parameters
    ----------
    path : str or Path
        Where to read.
    **reading
        What the file does not say: axes, voxel_size, unit, channel, kind (see `io.reading.read`).
    """
    volume = read(path, **reading)
    if "kind" not in reading and volume.metadata.get("stored_kind") == "labels":
        volume = read(path, kind="labels", **reading)
    if volume.kind == "labels":
        volume = replace(volume, data=paintable(volume))
    notes = [f"{volume.name}: {note}" for note in volume.notes]
    return [with_pyramid(layer) for layer in layers_of(volume)], notes


def paintable(volume: Volume) -> np.ndarray:
    """Return labels as an array that can be painted on: in memory, or on disk if too large."""
    if isinstance(volume.data, np.ndarray) and volume.data.flags.writeable:
        return volume.data
    own = allocate(volume.shape, volume.dtype.newbyteorder("="))
    for index in range(len(own)):
        own[index] = np.asarray(volume.data[index])
    return own


def with_pyramid(layer: LayerTuple) -> LayerTuple:
    """Give a very wide picture smaller copies, since graphics cards end at 16384 pixels.

    The copies are every second row and column; nothing is computed before it is looked at.
    """
    data, keywords, kind = layer
    colour = bool(keywords.get("rgb"))
    longest = max(data.shape[-3:-1] if colour else data.shape[-2:])
    if longest < PYRAMID_FROM:
        return layer
    levels, step = [data], 2
    while longest // step >= PYRAMID_FROM // 8:
        levels.append(data[..., ::step, ::step, :] if colour else data[..., ::step, ::step])
        step *= 2
    return levels, keywords | {"multiscale": True}, kind

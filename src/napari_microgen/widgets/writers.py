"""napari writers: a layer to a file, with voxel size, unit and recipe; whole or not at all."""

from typing import Any

from ..io.writing import write
from .layers import volume_of


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer; napari calls this on File > Save."""
    return _write(path, data, meta, "image")


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer; napari calls this on File > Save."""
    return _write(path, data, meta, "labels")


def _write(path: str, data: Any, meta: dict[str, Any], kind: str) -> list[str]:
    from napari.layers import Layer

    layer = Layer.create(data, meta, kind)
    write(volume_of(layer, snapshot=False), path)
    return [path]

"""A layer frozen at the click, and what becomes of its result if the layer changed meanwhile."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..volume import Volume
from .layers import LayerTuple, level_zero, result_layer, volume_of

_PLACE = (
    "name",
    "ndim",
    "scale",
    "translate",
    "rotate",
    "shear",
    "affine",
    "units",
    "axis_labels",
    "metadata",
)


@dataclass(frozen=True)
class Snapshot:
    """What a job works on: a copy of the data, and where the layer lay."""

    layer: Any
    volume: Volume
    place: SimpleNamespace

    @classmethod
    def of(cls, layer: Any) -> "Snapshot":
        """Copy a layer's data and place."""
        volume = volume_of(layer)
        place = SimpleNamespace(**{name: getattr(layer, name) for name in _PLACE})
        place.data, place.multiscale = volume.data, False
        place.metadata = dict(layer.metadata)
        return cls(layer, volume, place)

    def unchanged(self, viewer: Any) -> bool:
        """Return whether the layer is still there with the data that was frozen."""
        if self.layer not in viewer.layers:
            return False
        now, then = level_zero(self.layer), self.volume.data
        if now is then:
            return True
        if now.shape != then.shape or not isinstance(now, np.ndarray):
            return False
        flat = now.ndim < 3
        return np.array_equal(now, then) if flat else all(map(np.array_equal, now, then))

    def source(self, viewer: Any) -> Any:
        """Return what a result takes its place and unit from: the layer as it is now, if it still fits."""
        there = self.layer in viewer.layers and level_zero(self.layer).shape == self.volume.data.shape
        return self.layer if there else self.place

    def remark(self, viewer: Any) -> str | None:
        """Return what to tell the user if the layer is not what it was, else None."""
        name = self.place.name
        if self.layer not in viewer.layers:
            return f"“{name}” was removed meanwhile; the result belongs to it as it was at the click."
        if not self.unchanged(viewer):
            return (
                f"“{self.layer.name}” was changed meanwhile; the result belongs to it as it was at the click."
            )
        return None


def add_result(viewer: Any, snapshot: Snapshot, volume: Volume, name: str, **changes: Any) -> Any:
    """Add an operation's result as a new layer where its source lies, and return it."""
    return add_layer(viewer, result_layer(snapshot.source(viewer), volume, name, **changes))


def add_layer(viewer: Any, layer: LayerTuple) -> Any:
    """Add a layer tuple; features wait until it is there, since adding with them fails over the canvas."""
    data, keywords, kind = layer
    keywords = dict(keywords)
    features = keywords.pop("features", None)
    added = getattr(viewer, f"add_{kind}")(data, **keywords)
    if features is not None:
        added.features = features
    return added

"""Layers of grains: their map, their colours by a measure, the outline of the chosen one; clicks on them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from qtpy.QtWidgets import QWidget

from ..units import after_number
from .chart_painting import VIRIDIS, pretty_unit
from .grains_found import FoundGrains
from .layers import KEY, like

_OUTLINE = ("#00000000", "#ff5500", "#ff5500")


class GrainLayers:
    """The layers of the grains that are shown now.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are.
    picked : callable
        Gets the number of a grain that is clicked.
    """

    def __init__(self, viewer: Any, picked: Callable[[int], None]) -> None:
        self.viewer = viewer
        self._picked = picked
        self.labels: Any = None
        self.found: FoundGrains | None = None
        self.colours: Any = None
        self.outline: Any = None
        viewer.mouse_drag_callbacks.append(self._clicked)

    def follow(self, layer: Any | None, found: FoundGrains | None) -> None:
        """Work on another map of grains."""
        if layer is not self.labels:
            self._drop(self.outline)
            self.outline = self.colours = None
        self.labels, self.found = layer, found

    @property
    def there(self) -> bool:
        """Whether the map is still in the viewer."""
        return self.labels is not None and self.labels in self.viewer.layers

    def colour(self, name: str, picture: np.ndarray) -> None:
        """Show a measure of the grains as colours, in place of the last one."""
        if not self.there:
            return
        known = picture[np.isfinite(picture)]
        limits = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        limits = limits if limits[1] > limits[0] else (limits[0], limits[0] + 1.0)
        title = f"{self.labels.name} by {name.replace('_', ' ')}"
        if self.colours is None or self.colours not in self.viewer.layers:
            active = self.viewer.layers.selection.active
            place = like(self.labels, picture, name=title, metadata={KEY: {"preview": True}})
            self.colours = self.viewer.add_image(picture, colormap="viridis", **place)
            self.viewer.layers.move(
                self.viewer.layers.index(self.colours), self.viewer.layers.index(self.labels)
            )
            self.viewer.layers.selection.active = active
        self.colours.data, self.colours.name = picture, title
        self.colours.contrast_limits = limits
        self.colours.visible = True
        self.labels.contour = 1
        self.labels.opacity = 0.25

    def plain(self) -> None:
        """Show the grains in colours of their own again."""
        self._drop(self.colours)
        self.colours = None
        if self.there:
            self.labels.contour, self.labels.opacity = 0, 0.7

    def choose(self, number: int) -> None:
        """Draw the outline of a grain and go to its plane."""
        if not self.there or self.found is None:
            return
        if self.outline is None or self.outline not in self.viewer.layers:
            active = self.viewer.layers.selection.active
            place = like(
                self.labels, self.labels.data, name="chosen grain", metadata={KEY: {"preview": True}}
            )
            self.outline = self.viewer.add_labels(self.found.labels, **place)
            self.outline.colormap = _one_colour()
            self.outline.contour, self.outline.opacity = 2, 1.0
            self.outline.editable = False
            self.outline.show_selected_label = True
            self.viewer.layers.selection.active = active
        self.outline.selected_label = number
        if self.labels.ndim > 2:
            plane = int(self.found.columns["sample"][number - 1])
            world = self.labels.data_to_world((plane, 0, 0))
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, float(world[0]))

    def at(self, position: Any) -> int:
        """Return the grain at a place of the world; 0 if there is none."""
        if not self.there or self.found is None:
            return 0
        place = np.rint(self.labels.world_to_data(np.asarray(position)[-self.labels.ndim :])).astype(int)
        inside = (place >= 0).all() and (place < self.found.labels.shape).all()
        return int(self.found.labels[tuple(place)]) if inside else 0

    def close(self) -> None:
        """Listen to clicks no more."""
        if self._clicked in self.viewer.mouse_drag_callbacks:
            self.viewer.mouse_drag_callbacks.remove(self._clicked)

    def _clicked(self, _viewer: Any, event: Any) -> Iterator[None]:
        if not self.there or self.labels.mode != "pan_zoom" or self.viewer.dims.ndisplay != 2:
            return
        yield
        moved = False
        while event.type == "mouse_move":
            moved = True
            yield
        shown = any(
            x is not None and x in self.viewer.layers and x.visible for x in (self.labels, self.colours)
        )
        if not moved and shown and (number := self.at(event.position)):
            self._picked(number)

    def _drop(self, layer: Any) -> None:
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)


def _one_colour() -> Any:
    from napari.utils.colormaps import CyclicLabelColormap

    return CyclicLabelColormap(colors=list(_OUTLINE))


class ColourBar(QWidget):
    """What colours mean."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: tuple[str, str] = ("", "")
        self.setMinimumHeight(2 * self.fontMetrics().height() + 4)
        self.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a flat size."""
        return QSize(260, 2 * self.fontMetrics().height() + 4)

    def show_range(self, low: float, high: float, unit: str) -> None:
        """Show the ends of a range."""
        words = after_number(pretty_unit(unit))
        self.ends = (f"{low:.4g}{words}", f"{high:.4g}{words}")
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw the colours and the values at their ends."""
        painter = QPainter(self)
        bar = QRectF(0, 0, self.width(), self.height() / 2)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for k, colour in enumerate(VIRIDIS):
            gradient.setColorAt(k / (len(VIRIDIS) - 1), QColor(colour))
        painter.fillRect(bar, gradient)
        painter.setPen(self.palette().windowText().color())
        below = QRectF(0, self.height() / 2, self.width(), self.height() / 2)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self.ends[0])
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, self.ends[1])

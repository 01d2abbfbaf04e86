"""The layers of a live map: images, detail, classes, probability, descriptor, support, window, axes."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer

from ..zones.cell_record import UNKNOWN
from ..zones.diagram_panels import class_colours
from ..zones.placement import FIRST
from ..zones.window import Window
from .layers import KEY
from .zones_drawing import (
    FINE,
    LEFT,
    TOP,
    axes_picture,
    class_picture,
    hatching,
    ring_picture,
    value_picture,
    window_picture,
)
from .zones_judged import classes_of_cells, values_of_cells
from .zones_live import LiveZones
from .zones_setting import SIDE, Box, Setting, Tile, block_of, painted
from .zones_status import MapStatus

ORDER = (
    "images",
    "detail",
    "collage",
    "class",
    "probability",
    "descriptor",
    "support",
    "window",
    "cell",
    "axes",
    "sweep",
)
"""Layers from the lowest to the highest."""
HIDDEN = ("probability", "detail")
BREATH = 30
"""Milliseconds between two layers that change."""
FAINT = {"class": 0.5, "probability": 0.7, "descriptor": 0.7}


class ZoneLayers:
    """The layers of the map that is shown now; made again if somebody removed one.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are.
    live : LiveZones
        What they show.
    clicked : callable
        Gets the place (across, up; each from 0 to 1) that is clicked.
    moved : callable
        Gets the place that the mouse is over, or None outside the map.
    """

    def __init__(
        self,
        viewer: Any,
        live: LiveZones,
        clicked: Callable[[float, float], None],
        moved: Callable[[tuple[float, float] | None], None],
    ) -> None:
        self.viewer, self.live = viewer, live
        self._clicked_at, self._moved_to = clicked, moved
        self.layers: dict[str, Any] = {}
        self._axes: Any = None
        self._marked: tuple[Any, ...] | None = None
        self._due: list[str] = []
        """Layers that may not be up to date, in the order in which they have waited."""
        self._changes = 0
        """How often a layer was made, changed or taken away."""
        self._painters: dict[str, Callable[[Setting], None]] = {
            "axes": self._paint_axes,
            "images": self._paint_images,
            "support": self._paint_support,
            "detail": self._paint_detail,
            "class": self._paint_class,
            "probability": self._paint_probability,
            "descriptor": self._paint_descriptor,
        }
        self.again = QTimer()
        """When to `go_on` with layers that are still to be made."""
        self.again.setSingleShot(True)
        self.again.setInterval(BREATH)
        viewer.mouse_drag_callbacks.append(self._clicked)
        viewer.mouse_move_callbacks.append(self._moved)

    # -- painting ------------------------------------------------------------------

    def paint(self) -> None:
        """Paint the images that are there, and the marks of support on them."""
        self._due_now("axes", *(("images", "support", "detail") if self.live.tiles else ()))

    def judge(self) -> None:
        """Paint what is said of the cells of the whole map."""
        self._due_now("class", "probability", "descriptor")

    def _due_now(self, *names: str) -> None:
        self._due += [name for name in names if name not in self._due]
        if not self.again.isActive():
            self.go_on()

    def go_on(self) -> None:
        """Bring layers up to date, up to the first that changes; the rest comes after a breath.

        Each change holds the window for a while, a layer that is made anew for longer, so the window gets
        its turn before the next. What has waited longest comes first.
        """
        setting, before = self.live.setting, self._changes
        while self._due and setting is not None and self._changes == before:
            self._painters[self._due.pop(0)](setting)
        if setting is None:
            self._due.clear()
        elif self._due:
            self.again.start()

    def _paint_images(self, setting: Setting) -> None:
        whole = Box.whole(setting.level)
        self._put("images", self._picture(setting, whole), whole, **_limits(setting))

    def _paint_detail(self, setting: Setting) -> None:
        """Paint what is in view; the layer is there, hidden, before it is needed."""
        box = self.live.box
        if box is not None or not self._there("detail"):
            shown = box or Box.whole(setting.level)
            self._put("detail", self._picture(setting, shown), shown, **_limits(setting))
        detail = self.layers["detail"]
        if detail.visible != (box is not None):
            detail.visible = box is not None
            self._changes += 1

    def _paint_support(self, setting: Setting) -> None:
        box = self.live.box or Box.whole(setting.level)
        flags = self._flags(box)
        marked = (box, flags.tobytes(), setting.x, setting.y)
        if marked != self._marked or not self._there("support"):
            self._marked = marked
            self._put("support", hatching(flags), box)

    def _picture(self, setting: Setting, box: Box) -> np.ndarray:
        block = block_of(setting.card.size, Box.whole(setting.level).columns)
        return painted(box, self.live.tiles, np.dtype(setting.card.grey.dtype), block)

    def _paint_class(self, setting: Setting) -> None:
        found = classes_of_cells(self.live, setting)
        if found is None:
            self.remove("class")
        else:
            picture = class_picture(found[0], class_colours(setting.classes))
            self._put("class", picture, Box.whole(setting.level))

    def _paint_probability(self, setting: Setting) -> None:
        found = classes_of_cells(self.live, setting)
        if found is None:
            self.remove("probability")
        else:
            picture = value_picture(found[1], 0.0, 1.0, lines=False)
            self._put("probability", picture, Box.whole(setting.level))

    def _paint_descriptor(self, setting: Setting) -> None:
        values = values_of_cells(self.live, setting)
        if values is None:
            self.remove("descriptor")
            return
        known = values[np.isfinite(values)]
        full = bool(np.isfinite(values).all())
        picture = value_picture(values, float(known.min()), float(known.max()), lines=full)
        self._put("descriptor", picture, Box.whole(setting.level))

    def outline(self, window: Window | None) -> None:
        """Draw the border of a process window, or none."""
        setting = self.live.setting
        if setting is None or window is None or window.best is None:
            self.remove("window")
            return
        whole = Box.whole(setting.level)
        self._put("window", window_picture(window.corners, window.best, whole.columns), whole)

    def collage(self, picture: np.ndarray) -> None:
        """Show a random collage over the map."""
        setting = self.live.setting
        if setting is not None:
            self._put("collage", picture, Box.whole(setting.level), **_limits(setting))

    def mark(self, across: float, up: float) -> None:
        """Draw a frame as large as a cell around a place (across, up; each from 0 to 1)."""
        if self.live.setting is None:
            return
        edge = (
            Box.whole(self.live.setting.level).place()[2]
            if self.live.box is None
            else self.live.box.place()[2]
        )
        corner = ((1 - up) * SIDE - edge / 2, across * SIDE - edge / 2)
        self._place("cell", ring_picture(), edge / len(ring_picture()), corner)

    def beside(self, name: str, picture: np.ndarray) -> None:
        """Show a picture to the right of the map, as high as it is."""
        if self.live.setting is not None:
            self._place(name, picture, SIDE / picture.shape[0], (0.0, SIDE + 60.0))

    def remove(self, *names: str) -> None:
        """Take layers away; all of them if none is named."""
        for name in names or tuple(self.layers):
            layer = self.layers.pop(name, None)
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
                self._changes += 1
        if not names:
            self._axes = None

    def close(self) -> None:
        """Listen to the mouse no more, and paint nothing."""
        self.again.stop()
        for callbacks, own in (
            (self.viewer.mouse_drag_callbacks, self._clicked),
            (self.viewer.mouse_move_callbacks, self._moved),
        ):
            if own in callbacks:
                callbacks.remove(own)

    def _flags(self, box: Box) -> np.ndarray:
        flags = np.full((box.rows, box.columns), "", "U16")
        for j in range(box.rows):
            for i in range(box.columns):
                tile = (box.level, box.column + i, box.row + j)
                while tile[0] > 0 and tile not in self.live.said:
                    tile = (tile[0] - 1, tile[1] // 2, tile[2] // 2)
                content = self.live.said.get(tile)
                if content is not None:
                    flags[j, i] = content["support"]["flag"] or UNKNOWN
        return flags

    def _paint_axes(self, setting: Setting) -> None:
        shown = (setting.x, setting.y)
        if self._axes != shown or not self._there("axes"):
            self._axes = shown
            self._place("axes", axes_picture(*shown, int(SIDE)), 1 / FINE, (-float(TOP), -float(LEFT)))

    def _put(self, name: str, picture: np.ndarray, box: Box, **how: Any) -> None:
        top, left, edge = box.place()
        self._place(name, picture, edge * box.rows / picture.shape[0], (top, left), **how)

    def _place(
        self, name: str, picture: np.ndarray, scale: float, corner: tuple[float, float], **how: Any
    ) -> None:
        """Show a picture with its upper left corner at a place of the world."""
        place = {"scale": (scale, scale), "translate": tuple(at + scale / 2 for at in corner)}
        setting = self.live.setting
        assert setting is not None
        about = {"zones": name, "model": setting.model, "live": True}
        about |= {"axes": {"x": setting.x.to_dict(), "y": setting.y.to_dict()}, "side": SIDE}
        if not self._there(name):
            self._changes += 1
            self._add(name, picture, place | how | {"metadata": {KEY: about}})
            return
        layer = self.layers[name]
        self._changes += _repainted(layer, picture)
        for key, value in (place | how).items():
            if key != "colormap" and tuple(getattr(layer, key)) != tuple(value):
                setattr(layer, key, value)
                self._changes += 1
        layer.metadata[KEY] = about

    def _add(self, name: str, picture: np.ndarray, how: dict[str, Any]) -> None:
        viewer, active = self.viewer, self.viewer.layers.selection.active
        units = viewer.layers[0].units[-1] if len(viewer.layers) else "pixel"
        first = not any(self._there(other) for other in self.layers)
        layer = viewer.add_image(
            np.array(picture),
            name=f"zones, {name}",
            units=(units, units),
            rgb=picture.ndim == 3,
            opacity=FAINT.get(name, 1.0),
            visible=name not in HIDDEN,
            **how,
        )
        layer.get_status = MapStatus(f"zones, {name}", self.at, self.words)
        self.layers[name] = layer
        below = [viewer.layers.index(self.layers[n]) for n in ORDER[: ORDER.index(name)] if self._there(n)]
        above = [
            viewer.layers.index(self.layers[n]) for n in ORDER[ORDER.index(name) + 1 :] if self._there(n)
        ]
        if above:
            viewer.layers.move(viewer.layers.index(layer), max([min(above), *(b + 1 for b in below)]))
        ours = active is None or any(active == self.layers[n] for n in self.layers)
        front = self.layers["images"] if self._there("images") else layer
        viewer.layers.selection.active = front if ours else active
        if first:
            self.fit()

    def _there(self, name: str) -> bool:
        return name in self.layers and self.layers[name] in self.viewer.layers

    # -- camera and mouse ----------------------------------------------------------

    def fit(self) -> None:
        """Show the whole map with its axes."""
        high, wide = (max(1, n) for n in self.viewer.canvas.size)
        need = (TOP + SIDE + 70, LEFT + SIDE + 40)
        camera = self.viewer.scene.camera
        camera.zoom = 0.97 * min(high / need[0], wide / need[1])
        camera.center = (0.0, SIDE / 2 + 20, SIDE / 2 - 20)

    def view(self) -> tuple[float, float, float, float] | None:
        """Return what is in view (left, right, low, high, from 0 to 1); None if it is not the map."""
        if self.viewer.dims.ndisplay != 2:
            return None
        camera = self.viewer.scene.camera
        row, column = camera.center[-2:]
        high, wide = (n / 2 / camera.zoom for n in self.viewer.canvas.size)
        left, right = (column - wide) / SIDE, (column + wide) / SIDE
        low, top = 1 - (row + high) / SIDE, 1 - (row - high) / SIDE
        if right <= 0 or left >= 1 or top <= 0 or low >= 1:
            return None
        return max(0.0, left), min(1.0, right), max(0.0, low), min(1.0, top)

    def at(self, position: Any) -> tuple[float, float] | None:
        """Return the place of the map (across, up; each from 0 to 1) at a position of the world."""
        row, column = (float(v) for v in tuple(position)[-2:])
        across, up = column / SIDE, 1 - row / SIDE
        return (across, up) if 0 <= across <= 1 and 0 <= up <= 1 else None

    def tile_at(self, across: float, up: float) -> Tile | None:
        """Return the finest tile that is painted at a place."""
        setting, box = self.live.setting, self.live.box
        if setting is None:
            return None
        levels = [setting.level] if box is None else [box.level, setting.level]
        for level in levels:
            count = FIRST * 2**level
            tile = (level, min(count - 1, int(across * count)), min(count - 1, int(up * count)))
            if tile in self.live.tiles:
                return tile
        return None

    def words(self, across: float, up: float) -> str:
        """Return the conditions at a place, and what is known of its cell."""
        setting = self.live.setting
        if setting is None:
            return ""
        parts = [
            f"{axis.name} {float(axis.at(place)):.4g}{f' {axis.unit}' if axis.unit else ''}"
            for axis, place in ((setting.x, across), (setting.y, up))
        ]
        tile = self.tile_at(across, up)
        content = {} if tile is None else self.live.said.get(tile, {})
        if content:
            parts.append(str(content["support"]["flag"]))
        if "class" in content:
            parts.append(f"{content['class']} {content['probabilities'][content['class']]:.2f}")
        return ", ".join(parts)

    def _moved(self, _viewer: Any, event: Any) -> None:
        if self._there("images"):
            self._moved_to(self.at(event.position))

    def _clicked(self, _viewer: Any, event: Any) -> Iterator[None]:
        if not self._there("images") or self.viewer.dims.ndisplay != 2 or event.button != 1:
            return
        yield
        moved = False
        while event.type == "mouse_move":
            moved = True
            yield
        place = self.at(event.position)
        if not moved and place is not None and self.layers["images"].visible:
            self._clicked_at(*place)


def _limits(setting: Setting) -> dict[str, Any]:
    """Return how grey images are shown."""
    return {"contrast_limits": (setting.card.grey.low, setting.card.grey.high), "colormap": "gray"}


def _repainted(layer: Any, picture: np.ndarray) -> bool:
    """Show other pixels and return whether they differ.

    They are written into the array of the layer where it is large enough, as napari looks at the extent and
    units of all layers, and at every slider, whenever a layer is given a new one.
    """
    known = layer.data
    if known.shape != picture.shape or known.dtype != picture.dtype or not known.flags.writeable:
        layer.data = np.array(picture)
        return True
    if np.array_equal(known, picture):
        return False
    known[...] = picture
    layer.refresh(extent=False, highlight=False)
    return True

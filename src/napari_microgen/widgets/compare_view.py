"""Images side by side in the viewer, equal in scale and contrast; the user's view comes back afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from ..compare.gallery import read_picture
from ..compare.image_set import Origin
from ..progress import Progress, Steps
from ..units import convert_length
from .jobs import Job
from .layers import KEY, length_unit, pint_name

GAP = 0.04
"""Space between two images, as a share of their width."""


@dataclass(frozen=True)
class Scene:
    """What the viewer showed before."""

    shown: tuple[Any, ...]
    active: Any
    grid: bool
    ndisplay: int
    camera: tuple[Any, float, Any]


class PairView:
    """A row of images on one canvas: one camera, one contrast, one scale.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show them.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.layers: list[Any] = []
        self._before: Scene | None = None

    @property
    def on(self) -> bool:
        """Whether images are shown."""
        return self._before is not None

    def show(
        self,
        pictures: Sequence[np.ndarray],
        names: Sequence[str],
        limits: tuple[float, float],
        pixel_size: float | None,
    ) -> None:
        """Show images of one shape from left to right.

        Parameters
        ----------
        pictures : sequence of ndarray, shape (R, C)
            Grey values.
        names : sequence of str
            Their layers' names.
        limits : (float, float)
            Black and white of all.
        pixel_size : float or None
            In micrometre; None if unknown.
        """
        first = self._before is None
        if first:
            self._before = self._scene()
            for layer in self.viewer.layers:
                layer.visible = False
            self.viewer.canvas.grid.enabled = False
            self.viewer.dims.ndisplay = 2
        shape = pictures[0].shape
        kept = [layer for layer in self.layers if layer in self.viewer.layers]
        same = len(kept) == len(pictures) and all(layer.data.shape == shape for layer in kept)
        if not same:
            self._remove()
            kept = [self._added(k, shape, pixel_size) for k in range(len(pictures))]
        self.layers = kept
        for layer, picture, name in zip(self.layers, pictures, names, strict=True):
            layer.data, layer.name, layer.visible = picture, name, True
            layer.contrast_limits = limits
        self.viewer.layers.selection.active = self.layers[0]
        if not same:
            self._fit(shape, pixel_size)

    def restore(self) -> None:
        """Take the images away and show what was shown before."""
        before, self._before = self._before, None
        if before is None:
            return
        self._remove()
        for layer in before.shown:
            if layer in self.viewer.layers:
                layer.visible = True
        self.viewer.canvas.grid.enabled = before.grid
        self.viewer.dims.ndisplay = before.ndisplay
        camera = self.viewer.scene.camera
        camera.center, camera.zoom, camera.angles = before.camera
        if before.active is not None and before.active in self.viewer.layers:
            self.viewer.layers.selection.active = before.active

    def _scene(self) -> Scene:
        camera, layers = self.viewer.scene.camera, self.viewer.layers
        return Scene(
            tuple(layer for layer in layers if layer.visible),
            layers.selection.active,
            bool(self.viewer.canvas.grid.enabled),
            int(self.viewer.dims.ndisplay),
            (tuple(camera.center), float(camera.zoom), tuple(camera.angles)),
        )

    def _added(self, place: int, shape: tuple[int, ...], pixel_size: float | None) -> Any:
        edge = pixel_size or 1.0
        layer = self.viewer.add_image(
            np.zeros(shape, np.uint8),
            name=f"image {place + 1}",
            scale=(edge, edge),
            units=(pint_name("um" if pixel_size else None),) * 2,
            translate=(0.0, place * (1 + GAP) * shape[1] * edge),
            metadata={KEY: {"preview": True}},
            interpolation2d="nearest",
        )
        layer.name_overlay.visible = True
        layer.name_overlay.position = "top_right" if place else "top_left"
        return layer

    def _remove(self) -> None:
        for layer in self.layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self.layers = []

    def _fit(self, shape: tuple[int, ...], pixel_size: float | None) -> None:
        """Let the row fill the canvas; the camera counts in the unit of the whole viewer."""
        world = length_unit(self.viewer.dims.units[-1])
        edge = pixel_size or 1.0
        if pixel_size is not None and world is not None:
            edge = convert_length(pixel_size, "um", world)
        count = len(self.layers)
        height, width = shape[0] * edge, (count + (count - 1) * GAP) * shape[1] * edge
        rows, columns = self.viewer.canvas.size
        camera = self.viewer.scene.camera
        camera.zoom = 0.95 * min(rows / height, columns / width)
        camera.center = (0.0, (height - edge) / 2, (width - edge) / 2)


@dataclass(frozen=True)
class Wanted:
    """Images to read."""

    origins: tuple[Origin, ...]
    shape: tuple[int, int]


class PictureReader(QObject):
    """Reads images off the window's thread; the newest request counts."""

    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._job: Job | None = None
        self._next: tuple[Wanted, Callable[[list[np.ndarray]], None]] | None = None
        self._wanted = False

    @property
    def busy(self) -> bool:
        """Whether images are still to come."""
        return self._job is not None

    def read(self, wanted: Wanted, done: Callable[[list[np.ndarray]], None]) -> None:
        """Read images; ``done`` gets them in the window's thread."""
        self._next, self._wanted = (wanted, done), True
        if self._job is None:
            self._start()

    def forget(self) -> None:
        """Drop what is being read."""
        self._next = None
        self._wanted = False

    def stop(self) -> None:
        """Read no more; nobody is called any more."""
        self._next = None
        if self._job is not None:
            self._job.abandon()
            self._job = None

    def _start(self) -> None:
        if self._next is None:
            return
        (wanted, done), self._next = self._next, None
        job = Job(_reading(wanted), "Reading", self)
        job.done.connect(lambda pictures: done(pictures) if self._wanted and not self._next else None)
        job.failed.connect(self.failed)
        job.ended.connect(self._ended)
        self._job = job
        job.start()

    def _ended(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        self._start()


def _reading(wanted: Wanted) -> Steps[list[np.ndarray]]:
    pictures = []
    for k, origin in enumerate(wanted.origins):
        yield Progress(k, len(wanted.origins), "reading")
        pictures.append(read_picture(origin, wanted.shape))
    return pictures

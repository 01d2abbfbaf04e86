"""Click a superpixel to label it; Ctrl+Z takes it back."""

from collections.abc import Generator
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from ..progress import Progress, Steps
from .jobs import Job
from .layers import level_zero

LARGEST_PLANE = 1 << 24
"""Pixels above which a plane should be cropped before it is clicked through."""
_KEPT = 8


class SuperpixelTool(QObject):
    """Assigns the superpixel under the cursor to a class, on the plane that is looked at.

    Superpixels are computed for a plane when it comes up, in a worker; a click before
    they are there does nothing but say so.
    """

    status = Signal(str)
    failed = Signal(str, str)

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.labels: Any = None
        self.image: Any = None
        self.area: float | None = None
        self.value = 1
        self.job: Job | None = None
        self._patches: dict[tuple[int, int], np.ndarray] = {}
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(150)
        self._wait.timeout.connect(self._prepare)

    @property
    def active(self) -> bool:
        """Whether clicks are taken."""
        return self.labels is not None

    def enable(self, labels: Any, image: Any, area: float | None) -> None:
        """Take clicks on ``labels``, with superpixels of ``image``."""
        self.disable()
        if level_zero(labels).shape != level_zero(image).shape:
            self.status.emit(
                f"“{labels.name}” and “{image.name}” differ in shape, so they cannot be clicked."
            )
            return
        self.labels, self.image, self.area = labels, image, area
        labels.mode = "pan_zoom"
        labels.mouse_drag_callbacks.append(self._click)
        self.viewer.layers.selection.active = labels
        self.viewer.dims.events.current_step.connect(self._moved)
        self._prepare()

    def disable(self) -> None:
        """Take no more clicks."""
        self._wait.stop()
        if self.job is not None:
            self.job.cancel()
        labels, self.labels, self.image = self.labels, None, None
        self._patches.clear()
        if labels is not None:
            self.viewer.dims.events.current_step.disconnect(self._moved)
            if self._click in labels.mouse_drag_callbacks:
                labels.mouse_drag_callbacks.remove(self._click)

    def plane(self) -> int:
        """Return the plane that is looked at; 0 for a 2D image."""
        if self.labels.ndim == 2:
            return 0
        where = self.labels.world_to_data(self.viewer.dims.point)
        return int(np.clip(round(float(where[0])), 0, level_zero(self.labels).shape[0] - 1))

    def patches(self) -> np.ndarray | None:
        """Return the superpixels of the plane that is looked at, or None while they are computed."""
        return self._patches.get(self._key()) if self.active else None

    def assign(self, row: int, column: int) -> bool:
        """Give the superpixel at a pixel of the plane looked at the chosen class."""
        patches = self.patches()
        if patches is None:
            self.status.emit(
                "The superpixels of this plane are still being computed; click again in a moment."
            )
            return False
        if not (0 <= row < patches.shape[0] and 0 <= column < patches.shape[1]):
            return False
        rows, columns = np.nonzero(patches == patches[row, column])
        indices = (
            (rows, columns) if self.labels.ndim == 2 else (np.full_like(rows, self.plane()), rows, columns)
        )
        self.labels.data_setitem(indices, self.value)
        return True

    def _click(self, layer: Any, event: Any) -> Generator[None, None, None]:
        """Act on a press and release without a drag between (a drag moves the view)."""
        dragged = False
        yield
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged and self.active and self.viewer.dims.ndisplay == 2:
            row, column = (round(float(x)) for x in layer.world_to_data(event.position)[-2:])
            self.assign(row, column)

    def _moved(self, _event: Any = None) -> None:
        self._wait.start()

    def _key(self) -> tuple[int, int]:
        return id(level_zero(self.image)), self.plane()

    def _prepare(self) -> None:
        """Compute the superpixels of the plane that has come up."""
        if not self.active or self.job is not None:
            return
        if self.image not in self.viewer.layers or self.labels not in self.viewer.layers:
            self.disable()
            self.status.emit("The layer was removed; choose another one.")
            return
        key = self._key()
        if key in self._patches:
            self.status.emit("Click a superpixel to label it.")
            return
        data = level_zero(self.image)
        plane = np.asarray(data if self.labels.ndim == 2 else data[key[1]])
        if plane.size > LARGEST_PLANE:
            self.status.emit(
                f"A plane of {plane.shape[0]} x {plane.shape[1]} px is too large to click; crop first."
            )
            return
        self.status.emit("Computing superpixels…")
        self.job = Job(_superpixels(plane.copy(), self.area), "Computing superpixels", self)
        self.job.done.connect(lambda patches: self._keep(key, patches))
        self.job.failed.connect(self.failed)
        self.job.ended.connect(self._ended)
        self.job.start()

    def _keep(self, key: tuple[int, int], patches: np.ndarray) -> None:
        while len(self._patches) >= _KEPT:
            self._patches.pop(next(iter(self._patches)))
        self._patches[key] = patches
        self.status.emit("Click a superpixel to label it.")

    def _ended(self) -> None:
        job, self.job = self.job, None
        assert job is not None
        failed = job.failure is not None
        job.deleteLater()
        if self.active and not failed and self.patches() is None:
            self._prepare()  # another plane has come up meanwhile


def _superpixels(plane: np.ndarray, area: float | None) -> Steps[np.ndarray]:
    from ..segment.grey_histogram import grey_histogram
    from ..segment.otsu import otsu_threshold
    from ..segment.superpixels import superpixel_area, superpixels

    yield Progress(0, 2, "computing superpixels")
    threshold = otsu_threshold(grey_histogram(plane))
    area = area or superpixel_area([plane > threshold])
    yield Progress(1, 2, "computing superpixels")
    low, high = float(plane.min()), float(plane.max())
    return superpixels((plane.astype(np.float64) - low) / (high - low), area)

"""Prepare page: clean an image or stack step by step, with a look at one plane first."""

from dataclasses import replace
from typing import Any

import numpy as np
from qtpy.QtWidgets import QPushButton

from ..operations import run
from ..volume import Volume
from .choices import LayerChoice, VoxelSizeRow, labelled
from .described import described
from .dock import Dock, Page
from .forms import options_of
from .layers import KEY, like
from .results import Results
from .snapshot import Snapshot, add_layer
from .steps import StepList

ELSEWHERE = ("crop_data_bar", "voi", "voi_size", "voi_position", "voi_unit")
"""Parameters that the Crop page asks for."""
NEEDS_STACK = "register"


class PreparePage(Page):
    """Align and clean an image; each step is recorded."""

    title = "Prepare"
    run_label = "Prepare"

    def __init__(self, dock: Dock) -> None:
        super().__init__(dock)
        self.image = LayerChoice(self.viewer, ("Image",))
        self.voxel_size = VoxelSizeRow()
        self.steps = StepList(options_of(described("prepare"), leave_out=ELSEWHERE))
        self.preview_button = QPushButton("Preview this plane")
        self.results = Results(self.viewer)
        self.preview: Any = None
        self.column.addWidget(labelled("Image", self.image, "The grey image or stack to clean"))
        for part in (self.voxel_size, self.steps, self.preview_button, self.results.replace):
            self.column.addWidget(part)
        self.image.changed.connect(self._image_changed)
        self.steps.changed.connect(self.changed)
        self.preview_button.clicked.connect(lambda: dock.attempt(self.start_preview))
        self._image_changed()

    def _image_changed(self) -> None:
        self.voxel_size.ask(self.image.layer())
        self.changed.emit()

    def opened(self) -> None:
        """Ask again for what is not known; it may have been given elsewhere."""
        self.voxel_size.ask(self.image.layer())

    def left(self) -> None:
        """Take the preview away."""
        self.remove_preview()

    def problem(self) -> str | None:
        """Return what is missing; the preview needs the same."""
        why = self.steps.problem()
        if self.image.layer() is None:
            why = "There is no image. Open one on the Load page, or by File > Open Sample."
        self.preview_button.setEnabled(why is None and self.dock.job is None)
        self.preview_button.setToolTip(
            why or "Do the steps on the plane that is looked at, without registration"
        )
        return why

    def start(self) -> None:
        """Prepare a snapshot of the image."""
        snapshot = Snapshot.of(self.image.layer())
        steps = run("prepare", image=snapshot.volume, **self.steps.values())
        self.dock.launch("Preparing", steps, lambda result: self._take(snapshot, result))

    def _take(self, snapshot: Snapshot, result: Volume) -> None:
        self.remove_preview()
        _, notes = self.results.add(snapshot, result, f"{snapshot.place.name} [prepared]")
        for note in (*said(result), *notes):
            self.dock.notice.add_note(note)

    def start_preview(self) -> None:
        """Prepare the plane that is looked at, alone."""
        layer = self.image.layer()
        volume, index = plane_of(self.viewer, layer)
        values = self.steps.values()
        if NEEDS_STACK in values:
            values[NEEDS_STACK] = False
        steps = run("prepare", image=volume, **values)
        self.dock.launch("Preview", steps, lambda result: self._show_preview(layer, result, index))

    def _show_preview(self, layer: Any, result: Volume, index: int) -> None:
        self.remove_preview()
        if layer not in self.viewer.layers:
            return
        stacked = layer.ndim == 3
        data = np.asarray(result.data)[None] if stacked else np.asarray(result.data)
        origin = list(result.facts.get("origin") or [0, 0, 0])[-2:]
        start = [index, *origin] if stacked else origin
        metadata = {KEY: {"preview": True}}
        placed = like(layer, data, start=start, name=f"{layer.name} [preview]", metadata=metadata)
        self.preview = add_layer(self.viewer, (data, placed, "image"))

    def remove_preview(self) -> None:
        """Take the preview layer away if it is still there."""
        preview, self.preview = self.preview, None
        if preview is not None and preview in self.viewer.layers:
            self.viewer.layers.remove(preview)


def plane_of(viewer: Any, layer: Any) -> tuple[Volume, int]:
    """Return the plane of a layer that is looked at as a 2D volume, and its index."""
    from .layers import volume_of

    volume = volume_of(layer, snapshot=False)
    if not volume.is_stack or layer.ndim != 3:
        return replace(volume, data=np.array(volume.data)), 0
    where = layer.world_to_data(viewer.dims.point)
    index = int(np.clip(round(float(where[0])), 0, volume.n_planes - 1))
    size = volume.voxel_size[1:] if volume.voxel_size else None
    plane = np.array(volume.plane(index))
    return replace(volume, data=plane, axes=volume.axes[1:], voxel_size=size, recipe=None), index


def said(result: Volume) -> list[str]:
    """Return what was done, in a line."""
    names = [str(record.get("step", "?")).replace("_", " ") for record in result.facts.get("steps") or ()]
    clipped = result.facts.get("clipped")
    count = sum(clipped.values()) if isinstance(clipped, dict) else int(clipped or 0)
    lines = [f"Done: {', '.join(names)}."] if names else []
    return lines + ([f"Grey values cut at the ends of the type: {count}."] if count else [])

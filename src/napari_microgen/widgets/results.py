"""Results of a page as layers: a new one each time, or in place of the last one if that was not edited."""

from typing import Any

from qtpy.QtWidgets import QCheckBox

from ..volume import Volume
from .snapshot import Snapshot, add_result


class EditWatch:
    """Notices whether a labels layer was painted, filled or otherwise changed."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.edited = False
        for name in ("paint", "labels_update", "data"):
            emitter = getattr(layer.events, name, None)
            if emitter is not None:
                emitter.connect(self._changed)

    def _changed(self, _event: Any = None) -> None:
        self.edited = True


class Results:
    """Adds the results of one page to the viewer; what was edited by hand is never replaced."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.replace = QCheckBox("Replace my last result")
        self.replace.setToolTip(
            "Remove the layer of the last run when the new one comes. A layer that was edited by hand is "
            "kept in any case."
        )
        self._last: EditWatch | None = None

    def add(self, snapshot: Snapshot, volume: Volume, name: str, **changes: Any) -> tuple[Any, list[str]]:
        """Add a result; return its layer and what the user should know."""
        notes = [note for note in (snapshot.remark(self.viewer), *volume.notes) if note]
        last = self._last if self.replace.isChecked() else None
        if last is not None and last.layer != snapshot.layer and last.layer in self.viewer.layers:
            if last.edited:
                notes.append(f"“{last.layer.name}” was edited by hand and is kept.")
            else:
                self.viewer.layers.remove(last.layer)
        layer = add_result(self.viewer, snapshot, volume, name, **changes)
        self._last = EditWatch(layer)
        return layer, notes

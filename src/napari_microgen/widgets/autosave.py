"""Painted annotations are saved to the cache folder a moment after each edit."""

import hashlib
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from ..progress import Progress, Steps, finish
from ..volume import Volume
from .jobs import Job
from .layers import volume_of
from .settings import cache_folder

AFTER = 4000
"""Milliseconds between an edit and its save."""


def autosave_folder() -> Path:
    """Return the folder of autosaved annotations; made if it is not there."""
    folder = cache_folder() / "annotations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def autosave_path(layer: Any) -> Path:
    """Return where a layer is autosaved: one file per name and origin."""
    origin = f"{layer.name} {(layer.metadata.get('microgen') or {}).get('source')} {layer.data.shape}"
    safe = "".join(c if c.isalnum() else "-" for c in layer.name).strip("-")[:40] or "annotation"
    return autosave_folder() / f"{safe}-{hashlib.sha256(origin.encode()).hexdigest()[:8]}.tif"


class Autosave(QObject):
    """Watches one labels layer at a time and saves it after edits, in a worker."""

    saved = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.layer: Any = None
        self.job: Job | None = None
        self._again = False
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(AFTER)
        self.timer.timeout.connect(self.save)

    def watch(self, layer: Any | None) -> None:
        """Watch a layer; what was still to be saved of the last one is saved first."""
        if layer is self.layer:
            return
        if self.timer.isActive():
            self.timer.stop()
            self.save()
        if self.layer is not None:
            self.layer.events.paint.disconnect(self._edited)
        self.layer = layer
        if layer is not None:
            layer.events.paint.connect(self._edited)

    def _edited(self, _event: Any = None) -> None:
        self.timer.start()

    def save(self) -> None:
        """Save the watched layer now."""
        if self.layer is None:
            return
        if self.job is not None:
            self._again = True
            return
        path = autosave_path(self.layer)
        self.job = Job(_saving(volume_of(self.layer), path), "Saving the annotation", self)
        self.job.done.connect(lambda _: self.saved.emit(str(path)))
        self.job.failed.connect(self.failed)
        self.job.ended.connect(self._ended)
        self.job.start()

    def flush(self) -> None:
        """Save at once and in place what is still to be saved (the window is closing)."""
        if self.timer.isActive() and self.layer is not None:
            self.timer.stop()
            finish(_saving(volume_of(self.layer, snapshot=False), autosave_path(self.layer)))

    def _ended(self) -> None:
        job, self.job = self.job, None
        assert job is not None
        job.deleteLater()
        if self._again:
            self._again = False
            self.save()


def _saving(volume: Volume, path: Path) -> Steps[Path]:
    from ..io.writing import write

    yield Progress(0, 1, "saving the annotation")
    return write(volume, path)
